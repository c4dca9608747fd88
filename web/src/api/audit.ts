import { queryOptions } from '@tanstack/react-query'
import type { AuditEvent, AuditSeals } from '../../../shared/api/audit.ts'
import type { AuditHold, AuditHoldPlace, AuditRetention } from '../../../shared/api/auditRetention.ts'
import type {
  AuditSink,
  AuditSinkCreate,
  AuditSinkMade,
  AuditSinkUpdate,
} from '../../../shared/api/auditSinks.ts'
import { download, get, patch, post, remove } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { AuditEvent, AuditHold, AuditRetention, AuditSeals, AuditSink, AuditSinkMade }

const PATH = '/api/admin/audit'

export type AuditFilter = ListFilter & {
  action?: string | undefined
  targetType?: string | undefined
  targetId?: string | undefined
  correlationId?: string | undefined
  requestId?: string | undefined
  actorId?: string | undefined
  outcome?: string | undefined
  from?: string | undefined
  to?: string | undefined
}
export const auditQuery = (filter: AuditFilter) =>
  listQuery<AuditEvent, AuditFilter>('audit', `${PATH}/events`, filter)

/** A thing with everything that belongs to it. */
export const timelineQuery = (target: { targetType: string; targetId: string; limit: number }) =>
  queryOptions({
    queryKey: ['audit', 'timeline', target] as const,
    queryFn: ({ signal }) =>
      get<{ items: AuditEvent[]; nextCursor: string | null }>(`${PATH}/timeline`, target, signal),
  })

export const exportEvents = (filter: AuditFilter, format: 'jsonl' | 'csv') =>
  download(
    `${PATH}/events/export`,
    { ...(filter as Record<string, string | undefined>), format },
    `audit.${format}`,
  )

export const sealsQuery = queryOptions({
  queryKey: ['audit', 'seals'] as const,
  queryFn: ({ signal }) => get<AuditSeals>(`${PATH}/checkpoints`, undefined, signal),
})

export const sinksQuery = (filter: ListFilter) =>
  listQuery<AuditSink, ListFilter>('auditSinks', `${PATH}/sinks`, filter)
export const createSink = (body: AuditSinkCreate, key: string) =>
  post<AuditSinkMade>(`${PATH}/sinks`, body, key)
export const updateSink = (id: string, body: AuditSinkUpdate) => patch<AuditSink>(`${PATH}/sinks/${id}`, body)
export const deleteSink = (id: string) => remove<null>(`${PATH}/sinks/${id}`)
export const testSink = (id: string, key: string) =>
  post<{ jobId: string }>(`${PATH}/sinks/${id}/test`, {}, key)

export const retentionQuery = queryOptions({
  queryKey: ['audit', 'retention'] as const,
  queryFn: ({ signal }) => get<AuditRetention>(`${PATH}/retention`, undefined, signal),
})
export const placeHold = (body: AuditHoldPlace, key: string) => post<AuditHold>(`${PATH}/holds`, body, key)
export const releaseHold = (id: string, key: string) =>
  post<AuditHold>(`${PATH}/holds/${id}/release`, {}, key)

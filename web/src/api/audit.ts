import type { AuditEvent } from '../../../shared/api/audit.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { AuditEvent }

type AuditFilter = ListFilter & {
  action?: string | undefined
  targetType?: string | undefined
  targetId?: string | undefined
  correlationId?: string | undefined
}
export const auditQuery = (filter: AuditFilter) =>
  listQuery<AuditEvent, AuditFilter>('audit', '/api/admin/audit/events', filter)

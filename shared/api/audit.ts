import { z } from 'zod'
import { id, listQuery, timestamp } from './common.ts'

export const auditEvent = z.object({
  id,
  at: timestamp,
  tenantId: id.nullable(),
  action: z.string(),
  outcome: z.enum(['success', 'denied', 'error']),
  actor: z.object({
    type: z.enum(['user', 'api_key', 'system', 'job', 'anonymous']),
    id: z.string().nullable(),
    label: z.string(),
  }),
  target: z.object({ type: z.string(), id: z.string(), label: z.string().nullable() }).nullable(),
  diff: z.record(z.string(), z.tuple([z.unknown(), z.unknown()])).nullable(),
  details: z.record(z.string(), z.unknown()).nullable(),
  requestId: z.string().nullable(),
  correlationId: z.string().nullable(),
  jobId: id.nullable(),
  ip: z.string().nullable(),
})
export type AuditEvent = z.infer<typeof auditEvent>

export const auditList = listQuery.extend({
  action: z.string().max(100).optional(),
  targetType: z.string().max(50).optional(),
  targetId: z.string().max(100).optional(),
  correlationId: z.string().max(100).optional(),
})

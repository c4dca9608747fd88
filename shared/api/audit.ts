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
    /** The operator who acted under this user's name. */
    impersonator: z.object({ id: z.string(), label: z.string() }).optional(),
  }),
  target: z.object({ type: z.string(), id: z.string(), label: z.string().nullable() }).nullable(),
  diff: z.record(z.string(), z.tuple([z.unknown(), z.unknown()]).meta({ items: {} })).nullable(),
  details: z.record(z.string(), z.unknown()).nullable(),
  requestId: z.string().nullable(),
  correlationId: z.string().nullable(),
  jobId: id.nullable(),
  ip: z.string().nullable(),
})
export type AuditEvent = z.infer<typeof auditEvent>

/** Microseconds and id of the last event of a page: a place in the order of the log. */
export const auditCursor = z
  .string()
  .regex(/^\d{1,18}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'a cursor from a previous answer')

const auditFilter = {
  action: z.string().max(100).optional(),
  targetType: z.string().max(50).optional(),
  targetId: z.string().max(100).optional(),
  correlationId: z.string().max(100).optional(),
  requestId: z.string().max(100).optional(),
  actorId: z.string().max(100).optional(),
  outcome: z.enum(['success', 'denied', 'error']).optional(),
  from: timestamp.optional(),
  to: timestamp.optional(),
}

export const auditList = listQuery.extend({ ...auditFilter, cursor: auditCursor.optional() })

/** The filters of the list, without its pages. */
export const auditExport = z.strictObject({
  ...auditFilter,
  tenantId: id.optional(),
  format: z.enum(['jsonl', 'csv']).default('jsonl'),
})
export type AuditExport = z.infer<typeof auditExport>

export const auditTimeline = z.strictObject({
  targetType: z.string().min(1).max(50),
  targetId: z.string().min(1).max(100),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: auditCursor.optional(),
})

const hex = z.string().regex(/^[0-9a-f]+$/)

/** How far the log is sealed. `publicKey`: Ed25519 as SPKI in base64; null before anything was sealed. */
export const auditSeals = z.object({
  publicKey: z.string().nullable(),
  unsealed: z.object({ events: z.number().int(), since: timestamp.nullable() }),
  /** The latest batches, newest first. */
  items: z.array(
    z.object({
      batch: z.string(),
      sealedAt: timestamp,
      events: z.number().int(),
      root: hex,
      previous: hex,
      hash: hex,
      signature: hex,
    }),
  ),
})
export type AuditSeals = z.infer<typeof auditSeals>

import { z } from 'zod'
import { id, timestamp } from './common.ts'

/** Keeps everything, or with `tenantId` that tenant's events, or with `targetId` those of one thing. */
export const auditHoldPlace = z.strictObject({
  tenantId: id.nullable().default(null),
  targetId: z.string().trim().min(1).max(100).nullable().default(null),
  reason: z.string().trim().min(1).max(1000),
})
export type AuditHoldPlace = z.input<typeof auditHoldPlace>

export const auditHold = z.object({
  id,
  tenantId: id.nullable(),
  targetId: z.string().nullable(),
  reason: z.string(),
  placedBy: z.string(),
  placedAt: timestamp,
  releasedBy: z.string().nullable(),
  releasedAt: timestamp.nullable(),
})
export type AuditHold = z.infer<typeof auditHold>

export const auditRetention = z.object({
  /** How long events stay in the database. */
  days: z.number().int(),
  holds: z.array(auditHold),
  /** Newest first. `removedAt` null: the file is written, the month is still in the database. */
  archives: z.array(
    z.object({
      month: z.string(),
      file: z.string(),
      sha256: z.string(),
      bytes: z.string(),
      events: z.string(),
      writtenAt: timestamp,
      removedAt: timestamp.nullable(),
    }),
  ),
})
export type AuditRetention = z.infer<typeof auditRetention>

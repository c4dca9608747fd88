import { z } from 'zod'
import { REGISTRATIONS } from '../states/domain.ts'
import { id, listQuery, page, timestamp } from './common.ts'
import { job } from './provisioning.ts'

export const domain = z.object({
  id,
  tenantId: id,
  tenantName: z.string(),
  customerId: id.nullable(),
  customerName: z.string().nullable(),
  /** In lower case, other scripts as A-labels, without a last dot. */
  name: z.string(),
  /** The same as people read it. */
  unicodeName: z.string(),
  /** The part that is registered at a registry. */
  registrableName: z.string(),
  /** When its registration ends; null: it is registered elsewhere. */
  expiresAt: timestamp.nullable(),
  registration: z.enum(REGISTRATIONS),
  /** Since when it is known to be the tenant's. */
  verifiedAt: timestamp.nullable(),
  /** The TXT record that proves it; null: it needs none any more. */
  proof: z.object({ name: z.string(), value: z.string() }).nullable(),
  /** When the proof was looked for last, and why it was not found. */
  checkedAt: timestamp.nullable(),
  checkFault: z.string().nullable(),
  version: z.number().int(),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
})
export type Domain = z.infer<typeof domain>

export const domainListQuery = listQuery.extend({
  q: z.string().trim().min(1).max(253).optional(),
  customerId: id.optional(),
  /** Whether they are proven to be the tenant's. */
  verified: z.enum(['true', 'false']).optional(),
  /** Those that expire before this day (UTC). */
  expiresBefore: z.iso.date().optional(),
})
export const domainList = page(domain)

export const domainCreate = z.strictObject({
  tenantId: id,
  customerId: id.nullable().default(null),
  /** Such as example.com; other scripts in their own letters. */
  name: z.string().trim().min(1).max(253),
})

export const domainUpdate = z.strictObject({ customerId: id.nullable() })

export const domainTrust = z.strictObject({
  /** How it is known whose it is. */
  reason: z.string().trim().min(3).max(500),
})

export const domainAccepted = z.object({ domain, job })

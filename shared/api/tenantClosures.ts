import { z } from 'zod'
import { id, timestamp } from './common.ts'

/** With `dryRun` nothing happens: the answer says what would. Otherwise the tenant's name and a reason are needed. */
export const tenantClose = z.strictObject({
  dryRun: z.boolean().default(false),
  /** The tenant's name, typed by a person. */
  name: z.string().max(200).optional(),
  reason: z.string().trim().min(1).max(500).optional(),
})
export type TenantClose = z.infer<typeof tenantClose>

/** At most 50 names. */
const listed = z.object({ count: z.number().int(), names: z.array(z.string()) })

const plan = z.object({
  name: z.string(),
  coolingOffDays: z.number().int(),
  destroyed: z.object({
    cloudPods: listed,
    addresses: listed,
    subscriptions: listed,
    customers: listed,
    /** Those who would lose their last access. */
    users: listed,
    apiKeys: listed,
  }),
  /** What the law keeps: how many there are. */
  kept: z.object({
    invoices: z.number().int(),
    payments: z.number().int(),
    ledgerEntries: z.number().int(),
    auditEvents: z.number().int(),
  }),
  /** What prevents the closing. */
  blockers: z.array(z.string()),
  warnings: z.array(z.string()),
})
export type ClosurePlan = z.infer<typeof plan>

/** The present closing or the last one; at most 200 pods are listed, those that still exist first. */
export const closureView = z.object({
  /** Only of a dry run. */
  plan: plan.nullable(),
  closure: z
    .object({
      id,
      state: z.enum(['cooling', 'destroying', 'erasing', 'closed', 'cancelled']),
      reason: z.string(),
      startedAt: timestamp,
      /** When the destruction begins; until then it can be cancelled. */
      dueAt: timestamp,
      endedAt: timestamp.nullable(),
      counts: z.object({ pods: z.number().int(), gone: z.number().int() }),
      pods: z.array(
        z.object({
          id,
          hostname: z.string(),
          state: z.string(),
          jobId: id.nullable(),
          jobState: z.string().nullable(),
          waitingFor: z.string().nullable(),
        }),
      ),
      /** Rows erased so far, by table. */
      erased: z.record(z.string(), z.number().int()),
      jobId: id.nullable(),
      jobState: z.string().nullable(),
      waitingFor: z.string().nullable(),
    })
    .nullable(),
})
export type ClosureView = z.infer<typeof closureView>

/** `sha256` is that of the canonical JSON (RFC 8785) of `document`; the signature is over its 32 bytes. */
export const closureProof = z.object({
  document: z.record(z.string(), z.unknown()),
  sha256: z.string(),
  algorithm: z.literal('Ed25519'),
  signature: z.string(),
  publicKey: z.string(),
})
export type ClosureProof = z.infer<typeof closureProof>

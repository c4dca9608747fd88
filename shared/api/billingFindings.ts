import { z } from 'zod'
import { BILLING_FINDING_KINDS, BILLING_FINDING_STATES } from '../states/billingFinding.ts'
import { id, listQuery, timestamp } from './common.ts'
import { job } from './provisioning.ts'

/** A difference between books, contracts and providers, in words for people. */
export const billingFinding = z.object({
  id,
  tenantId: id,
  kind: z.enum(BILLING_FINDING_KINDS),
  /** What it is about; the id is null for what has no page of its own. */
  subject: z.object({
    type: z.enum(['invoice', 'subscription', 'customer', 'provider', 'ledger', 'series']),
    id: id.nullable(),
    label: z.string(),
  }),
  /** With whom it was compared; null: with our own books. */
  provider: z.object({ id, kind: z.enum(['manual', 'stripe', 'whmcs']) }).nullable(),
  expected: z.string(),
  found: z.string(),
  whatToDo: z.string(),
  state: z.enum(BILLING_FINDING_STATES),
  decidedBy: z.string().nullable(),
  reason: z.string().nullable(),
  firstSeenAt: timestamp,
  lastSeenAt: timestamp,
  closedAt: timestamp.nullable(),
})
export type BillingFinding = z.infer<typeof billingFinding>

export const billingFindingList = listQuery.extend({
  state: z.enum(BILLING_FINDING_STATES).optional(),
  kind: z.enum(BILLING_FINDING_KINDS).optional(),
})

export const billingFindingIgnore = z.strictObject({ reason: z.string().trim().min(3).max(500) })

const part = z.object({
  /** Null: the tenant's own books and contracts. */
  provider: z.object({ id, kind: z.enum(['manual', 'stripe', 'whmcs']) }).nullable(),
  /** Payments that were looked at, and invoices of the provider’s own books. */
  checked: z.number().int(),
  /** Why it was not compared to its end; what was not looked at is as it was. */
  problem: z.string().nullable(),
})

/** What came of a comparison. */
export const billingReconciliationReport = z.object({
  parts: z.array(part),
  opened: z.number().int(),
  closed: z.number().int(),
  /** Findings that are not over, also those that are ignored. */
  live: z.number().int(),
})

export const billingReconciliation = z.object({
  id,
  tenantId: id,
  state: z.enum(['running', 'done', 'failed']),
  report: billingReconciliationReport.nullable(),
  problem: z.string().nullable(),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
})
export type BillingReconciliation = z.infer<typeof billingReconciliation>

export const billingReconciliationCreate = z.strictObject({ tenantId: id })
export const billingReconciliationStarted = z.object({ reconciliation: billingReconciliation, job })

import { z } from 'zod'
import { BILLING_FINDING_KINDS } from '../states/billingFinding.ts'
import { SUBSCRIPTION_STATES } from '../states/billingSubscription.ts'
import { POD_STATES } from '../states/cloudPod.ts'
import { CUSTOMER_STATES } from '../states/customer.ts'
import { FINDING_KINDS } from '../states/finding.ts'
import { JOB_STATES } from '../states/provisioningJob.ts'
import { id, money, timestamp } from './common.ts'

export const dashboardQuery = z.strictObject({ tenantId: id.optional() })

const count = z.number().int()
const byState = <S extends string>(states: readonly [S, ...S[]]) =>
  z.array(z.object({ state: z.enum(states), count })).nullable()

/**
 * How things are, in the tenants where the caller may read each of them; null: nowhere. The day or time in a part is the
 * filter by which its list shows exactly the rows that were counted.
 */
export const dashboard = z.object({
  at: timestamp,
  customers: byState(CUSTOMER_STATES),
  subscriptions: byState(SUBSCRIPTION_STATES),
  cloudPods: byState(POD_STATES),
  /** What live subscriptions bring in a month, without tax. */
  recurring: z.array(z.object({ subscriptions: count, monthly: money })).nullable(),
  /** Open and due before `dueBefore`. */
  overdue: z
    .object({ dueBefore: z.string(), count, open: z.array(z.object({ invoices: count, amount: money })) })
    .nullable(),
  jobs: z
    .object({
      open: z.array(z.object({ state: z.enum(JOB_STATES), count })),
      /** The last day, hour by hour, from `endedSince` on. */
      endedSince: timestamp,
      failed: count,
      hours: z.array(z.object({ from: timestamp, succeeded: count, failed: count })),
    })
    .nullable(),
  certificates: z.object({ endsBefore: z.string(), ending: count, problems: count }).nullable(),
  domains: z.object({ expiresBefore: z.string(), ending: count, unproven: count }).nullable(),
  /** Where clusters and networks disagree with mPanel, and nobody has decided yet. */
  findings: z.array(z.object({ kind: z.enum(FINDING_KINDS), count })).nullable(),
  /** Where books, contracts and payment providers disagree, likewise. */
  billingFindings: z.array(z.object({ kind: z.enum(BILLING_FINDING_KINDS), count })).nullable(),
})
export type Dashboard = z.infer<typeof dashboard>

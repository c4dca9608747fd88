import { z } from 'zod'
import { id, listQuery, money, timestamp } from './common.ts'

/** What the bank of a customer takes back of a payment. */
export const paymentDispute = z.object({
  id,
  /** `inquiry`: the bank only asks. `won`: it ended without a loss. */
  state: z.enum(['inquiry', 'open', 'won', 'lost']),
  amount: money,
  /** What of it is away just now, and what the provider charges for that. */
  withdrawn: money,
  fee: money,
  /** In the words of the provider. */
  reason: z.string(),
  /** Until when the provider takes evidence, and whether it has any. */
  evidenceDueAt: timestamp.nullable(),
  evidenceSent: z.boolean(),
  openedAt: timestamp,
  closedAt: timestamp.nullable(),
})
export type PaymentDispute = z.infer<typeof paymentDispute>

export const disputeView = paymentDispute.extend({
  tenantId: id,
  customer: z.object({ id, name: z.string() }),
  payment: z.object({ id, reference: z.string() }),
  invoices: z.array(z.object({ id, number: z.string() })),
  createdAt: timestamp,
})
export type DisputeView = z.infer<typeof disputeView>
export const disputeList = listQuery.extend({ open: z.stringbool().optional() })

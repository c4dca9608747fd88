import { z } from 'zod'
import { id, listQuery, money, timestamp } from './common.ts'
import { job } from './provisioning.ts'

const minor = z.string()
const sums = z.object({ invoiced: minor, paid: minor, recurring: minor })

/** What came of reading all books. Amounts are minor units, by currency. */
export const billingRecordReport = z.object({
  /** Of clients, services and invoices: how many are new, the same, and so on. */
  counts: z.record(z.string(), z.record(z.string(), z.number().int())),
  there: z.record(z.string(), sums),
  here: z.record(z.string(), sums),
  /** How many were not there any more; they are kept, and marked. */
  gone: z.number().int(),
  /** What differs, or is for a person, each a sentence; and how many more there were. */
  words: z.array(z.string()),
  more: z.number().int(),
  /** Whether nothing moved while it was read. */
  clean: z.boolean(),
})

export const billingRecordRun = z.object({
  id,
  tenantId: id,
  providerId: id,
  /** `check`: nothing is changed. */
  mode: z.enum(['check', 'take']),
  state: z.enum(['running', 'done', 'failed']),
  report: billingRecordReport.nullable(),
  problem: z.string().nullable(),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
})
export type BillingRecordRun = z.infer<typeof billingRecordRun>
export const billingRecordRunCreate = z.strictObject({ mode: z.enum(['check', 'take']) })
export const billingRecordRunStarted = z.object({ run: billingRecordRun, job })
export const billingRecordRunList = listQuery.extend({ providerId: id.optional() })
export const billingRecordList = listQuery.extend({ providerId: id.optional(), customerId: id.optional() })

const common = {
  id,
  tenantId: id,
  providerId: id,
  customer: z.object({ id, name: z.string() }),
  /** Since when it is not there any more. */
  goneAt: timestamp.nullable(),
  createdAt: timestamp,
}
export const billingRecordInvoice = z.object({
  ...common,
  number: z.string(),
  status: z.enum(['draft', 'open', 'paid', 'cancelled', 'refunded', 'uncollectible', 'other']),
  issued: z.string().nullable(),
  due: z.string().nullable(),
  total: money,
  tax: money,
  paid: money,
})
export type BillingRecordInvoice = z.infer<typeof billingRecordInvoice>
export const billingRecordService = z.object({
  ...common,
  ref: z.string(),
  product: z.string(),
  name: z.string(),
  status: z.enum(['pending', 'active', 'suspended', 'ended', 'other']),
  recurring: money,
  cycle: z.string(),
  nextDue: z.string().nullable(),
  /** The pod that is sold by it through the provisioning module. */
  podId: id.nullable(),
})
export type BillingRecordService = z.infer<typeof billingRecordService>

import { z } from 'zod'
import { id, listQuery, timestamp } from './common.ts'

const topics = z
  .array(z.enum(['billing', 'technical', 'abuse', 'general']))
  .min(1)
  .max(4)

export const customerContact = z.object({
  id,
  tenantId: id,
  customerId: id,
  name: z.string(),
  email: z.string(),
  phone: z.string(),
  topics: z.array(z.string()),
  version: z.number().int(),
  createdAt: timestamp,
})
export type CustomerContact = z.infer<typeof customerContact>
export const customerContactCreate = z.strictObject({
  name: z.string().trim().min(1).max(200),
  email: z.email().max(320),
  phone: z.string().trim().max(40).default(''),
  topics: topics.default(['general']),
})
export const customerContactUpdate = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  email: z.email().max(320).optional(),
  phone: z.string().trim().max(40).optional(),
  topics: topics.optional(),
})

export const customerNote = z.object({
  id,
  tenantId: id,
  customerId: id,
  text: z.string(),
  author: z.string(),
  pinned: z.boolean(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type CustomerNote = z.infer<typeof customerNote>
const text = z.string().trim().min(1).max(5000)
export const customerNoteCreate = z.strictObject({ text, pinned: z.boolean().default(false) })
export const customerNoteUpdate = z.strictObject({ text: text.optional(), pinned: z.boolean().optional() })

/** `tenantId` is the customer's own: it is not asked for here. */
export const ofCustomerList = listQuery.omit({ tenantId: true })
export const noteList = ofCustomerList.extend({ pinned: z.stringbool().optional() })

const minor = z.string().regex(/^-?\d+$/)
export const customerStatistics = z.object({
  /** How many, by state; states without any are absent. */
  subscriptions: z.record(z.string(), z.number().int()),
  cloudPods: z.record(z.string(), z.number().int()),
  /** Minor units. `credit` is what the customer has in hand, by the ledger. */
  money: z.array(z.object({ currency: z.string(), open: minor, overdue: minor, paid: minor, credit: minor })),
})
export type CustomerStatistics = z.infer<typeof customerStatistics>

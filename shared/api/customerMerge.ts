import { z } from 'zod'
import { id, money } from './common.ts'
import { customer } from './customers.ts'

/** Which side's value stays: the survivor's, the other's, or of a list both. */
const choice = z.enum(['keep', 'take', 'both'])
export type MergeChoice = z.infer<typeof choice>

export const mergeQuery = z.strictObject({ from: id })

export const mergePreview = z.object({
  into: customer,
  from: customer,
  /** Where the two differ. A field of the tenant's own is called `custom.<key>`. */
  fields: z.array(
    z.object({
      field: z.string(),
      into: z.unknown(),
      from: z.unknown(),
      choices: z.array(choice),
      suggested: choice,
    }),
  ),
  /** What will belong to the survivor, the newest of each kind by name. */
  moves: z.array(
    z.object({
      kind: z.string(),
      count: z.number().int(),
      first: z.array(z.object({ id, label: z.string() })),
    }),
  ),
  /** By the ledger, for each currency: what the other owes and what it has in hand. */
  balances: z.array(z.object({ owes: money, credit: money })),
  /** What somebody should know before. None of it prevents the merge. */
  warnings: z.array(z.string()),
  /** Stands for all of this: the merge is refused once anything of it has changed. */
  token: z.string(),
})
export type MergePreview = z.infer<typeof mergePreview>

export const mergeBody = z.strictObject({
  from: id,
  token: z.string().min(1).max(100),
  /** By the fields of the preview; what is not named is as suggested. */
  choices: z.record(z.string().max(60), choice).default({}),
})

const flags = {
  /** End what is live, as "cancel now" does. */
  cancelSubscriptions: z.boolean().default(false),
  /** Close although the customer has credit in hand; it stays in the ledger. */
  keepCredit: z.boolean().default(false),
}
export const closeBody = z.strictObject({
  /** Only say what would happen. */
  dryRun: z.boolean().default(false),
  ...flags,
  reason: z.string().trim().max(500).default(''),
})

const matter = z.object({
  kind: z.enum(['subscription', 'cloudPod', 'invoice', 'credit']),
  id: id.nullable(),
  label: z.string(),
  /** What it means, as a sentence. */
  text: z.string(),
})
export type ClosingMatter = z.infer<typeof matter>
export const closing = z.object({
  customer,
  /** Whether it was done. */
  closed: z.boolean(),
  /** What prevents it, with these flags. */
  blockers: z.array(matter),
  /** What ends with it. */
  ends: z.array(matter),
})
export type Closing = z.infer<typeof closing>

export const eraseBody = z.strictObject({ reason: z.string().trim().min(1).max(500) })

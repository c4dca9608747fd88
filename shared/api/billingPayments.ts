import { z } from 'zod'
import { paymentDispute } from './billingDisputes.ts'
import { id, listQuery, money, timestamp } from './common.ts'
import { job } from './provisioning.ts'

export const billingProvider = z.object({
  id,
  /** Null: the platform's, for every tenant that has not chosen. */
  tenantId: id.nullable(),
  tenantName: z.string().nullable(),
  kind: z.enum(['manual', 'stripe', 'whmcs']),
  /** Where a WHMCS is. */
  url: z.string().nullable(),
  /** Whose invoices count: mPanel's own, or those of the provider, which are then taken over as a record. */
  authority: z.enum(['mpanel', 'provider']),
  /** Whether real money moves; null where nothing is collected. */
  live: z.boolean().nullable(),
  /** Whose key it is, as the provider said; null: it was not asked yet. */
  account: z.string().nullable(),
  hasWebhookSecret: z.boolean(),
  /** Due invoices are charged without anybody asking. */
  chargesAutomatically: z.boolean(),
  simulated: z.boolean(),
  health: z.enum(['unknown', 'ok', 'failing']),
  healthMessage: z.string().nullable(),
  checkedAt: timestamp.nullable(),
  /** When it last told mPanel something, and how much of that is not gone after yet, or is about nothing of mPanel's. */
  heardAt: timestamp.nullable(),
  waiting: z.number().int(),
  parked: z.number().int(),
  /** Where it sends its messages to; null for whoever may not set it up. */
  webhookUrl: z.string().nullable(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type BillingProvider = z.infer<typeof billingProvider>

const key = z
  .string()
  .trim()
  .max(255)
  .regex(/^[sr]k_(test|live)_\w+$/, 'a secret or restricted key of Stripe, such as sk_test_…')
  .meta({ examples: ['sk_test_example'] })
const webhookSecret = z
  .string()
  .trim()
  .max(255)
  .regex(/^whsec_\w+$/, 'the signing secret of the endpoint, such as whsec_…')

/** WHMCS's own address, as staff open it, without the folder of its administration. */
const url = z.url({ protocol: /^https?$/, error: 'an address such as https://my.example.com' }).max(255)
const credential = z.string().trim().min(1).max(255)
const whmcsAccess = {
  identifier: credential,
  secret: credential,
  /** Lets mPanel in from any address; where there is none, its address is on the list of WHMCS. */
  accessKey: credential.nullable().default(null),
}
const authority = z.enum(['mpanel', 'provider'])
const hookSecret = z
  .string()
  .trim()
  .regex(/^\S{24,255}$/, 'at least 24 characters without a space, the same as in the hook file')

export const billingProviderCreate = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('manual'), tenantId: id.nullable() }),
  z.strictObject({
    kind: z.literal('stripe'),
    tenantId: id.nullable(),
    key,
    webhookSecret: webhookSecret.nullable().default(null),
    chargesAutomatically: z.boolean().default(false),
  }),
  z.strictObject({
    kind: z.literal('whmcs'),
    /** Whose customers its clients are. */
    tenantId: id,
    url,
    ...whmcsAccess,
    webhookSecret: hookSecret.nullable().default(null),
    authority: authority.default('mpanel'),
    chargesAutomatically: z.boolean().default(false),
  }),
])
export const billingProviderUpdate = z.strictObject({
  key: key.optional(),
  /** All that opens a WHMCS, at once. */
  whmcs: z.strictObject(whmcsAccess).optional(),
  authority: authority.optional(),
  webhookSecret: z.union([webhookSecret, hookSecret]).nullable().optional(),
  chargesAutomatically: z.boolean().optional(),
})
export const billingProviderList = listQuery
export const billingProviderCheckRequest = z.union([
  z.strictObject({ key }),
  z.strictObject({ url, ...whmcsAccess }),
])
export const billingProviderCheck = z.object({
  problems: z.array(z.string()),
  account: z.string().nullable(),
  live: z.boolean().nullable(),
})
export type BillingProviderCheck = z.infer<typeof billingProviderCheck>

export const paymentMethod = z.object({
  id,
  tenantId: id,
  customerId: id,
  kind: z.string(),
  brand: z.string().nullable(),
  last4: z.string().nullable(),
  expMonth: z.number().int().nullable(),
  expYear: z.number().int().nullable(),
  isDefault: z.boolean(),
  state: z.enum(['active', 'removing', 'removed']),
  createdAt: timestamp,
})
export type PaymentMethod = z.infer<typeof paymentMethod>
export const paymentMethodList = listQuery.extend({ customerId: id.optional() })
/** A page of the provider, on which the customer leaves a method. */
export const paymentMethodPage = z.object({ url: z.string(), expiresAt: timestamp })

const paymentAttempt = z.object({
  id,
  tenantId: id,
  invoiceId: id,
  /** `charge`: taken while the customer is away. `link`: he pays on a page of the provider. */
  kind: z.enum(['charge', 'link']),
  reason: z.enum(['asked', 'due', 'authentication']),
  state: z.enum([
    'queued',
    'sent',
    'processing',
    'needs_action',
    'succeeded',
    'declined',
    'expired',
    'cancelled',
    'failed',
  ]),
  amount: money,
  method: z.object({ brand: z.string().nullable(), last4: z.string().nullable() }).nullable(),
  /** The page, as long as it can be paid on. */
  url: z.string().nullable(),
  expiresAt: timestamp.nullable(),
  problem: z.string().nullable(),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
})
export type PaymentAttempt = z.infer<typeof paymentAttempt>

const paymentRefund = z.object({
  id,
  amount: money,
  reason: z.string(),
  state: z.enum(['queued', 'sent', 'pending', 'succeeded', 'failed']),
  problem: z.string().nullable(),
  createdAt: timestamp,
})
export type PaymentRefund = z.infer<typeof paymentRefund>

/** What was paid of an invoice, and what was tried. */
export const invoicePayments = z.object({
  /** Whether a provider collects for this tenant; null: payments are recorded by hand. */
  collects: z.boolean(),
  attempts: z.array(paymentAttempt),
  payments: z.array(
    z.object({
      id,
      amount: money,
      provider: z.string(),
      method: z.string(),
      reference: z.string(),
      receivedAt: timestamp,
      /** What can still be given back through the provider. */
      refundable: money,
      refunds: z.array(paymentRefund),
      disputes: z.array(paymentDispute),
    }),
  ),
})
export type InvoicePayments = z.infer<typeof invoicePayments>

export const invoiceCharge = z.strictObject({
  /** Null: the customer's default. */
  methodId: id.nullable().default(null),
})
export const invoiceLink = z.strictObject({
  /** The link is mailed to the customer. */
  mail: z.boolean().default(true),
})
export const paymentRefundCreate = z.strictObject({
  /** Null: all of it. */
  amountMinor: z
    .string()
    .regex(/^\d{1,15}$/, 'an amount in minor units, such as "499"')
    .meta({ examples: ['499'] })
    .nullable()
    .default(null),
  reason: z.string().trim().min(1).max(500),
})
export const attemptStarted = z.object({ attempt: paymentAttempt, job })
export const refundStarted = z.object({ refund: paymentRefund, job })

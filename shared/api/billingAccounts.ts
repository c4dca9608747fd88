import { z } from 'zod'
import { TAX_CATEGORIES } from '../states/tax.ts'
import { currency, id, money, timestamp } from './common.ts'

/** Credit for a customer; a negative amount takes back what was given by mistake. */
export const customerCreditCreate = z.strictObject({
  amountMinor: z
    .string()
    .regex(/^-?[1-9]\d{0,14}$/, 'an amount in minor units, such as "499" or "-499"')
    .meta({ examples: ['499'] }),
  currency,
  reason: z.string().trim().min(1).max(500),
})
export const customerCredit = z.object({
  id,
  amount: money,
  reason: z.string(),
  /** What the customer has in hand now. */
  balance: money,
})
export type CustomerCredit = z.infer<typeof customerCredit>

const day = z.iso.date()

export const statementQuery = z.strictObject({
  from: day,
  /** The last day. */
  to: day,
  /** Absent: the customer's. */
  currency: currency.optional(),
})

/** What a customer owed and had in hand, from the ledger. Amounts above zero are owed, below zero are his. */
export const customerStatement = z.object({
  customer: z.object({ id, name: z.string() }),
  from: z.string(),
  to: z.string(),
  timeZone: z.string(),
  opening: money,
  movements: z.array(
    z.object({
      at: timestamp,
      kind: z.string(),
      /** The number of a document, the reference of a payment, or the reason that somebody gave. */
      label: z.string(),
      amount: money,
      /** After it. */
      balance: money,
    }),
  ),
  closing: money,
})
export type CustomerStatement = z.infer<typeof customerStatement>

export const billingReportQuery = z.strictObject({
  from: day,
  /** The last day. */
  to: day,
  tenantId: id.optional(),
})

const count = z.number().int()
/** Figures of a tenant, or of all. Days are those of UTC; those of documents are their own. */
export const billingReport = z.object({
  from: z.string(),
  to: z.string(),
  /** Of now: what live subscriptions come to in a month and a year, without tax. */
  recurring: z.array(z.object({ currency: z.string(), subscriptions: count, monthly: money, yearly: money })),
  /** Delivered subscriptions that were there when the period began; that began in it; that ended in it; of the first, that ended. */
  churn: z.array(
    z.object({
      currency: z.string(),
      atStart: count,
      began: count,
      ended: count,
      lost: count,
      /** lost of atStart, in millionths; null: there were none. */
      ratePpm: count.nullable(),
    }),
  ),
  /** Of now: what is open on invoices, by days after the due date. */
  receivables: z.array(
    z.object({
      currency: z.string(),
      notDue: money,
      to30: money,
      to60: money,
      to90: money,
      over90: money,
      total: money,
    }),
  ),
  /** What invoices less credit notes of the period come to, by month, category and rate. */
  taxes: z.array(
    z.object({
      month: z.string(),
      currency: z.string(),
      category: z.enum(TAX_CATEGORIES).nullable(),
      ratePpm: count,
      net: money,
      tax: money,
    }),
  ),
})
export type BillingReport = z.infer<typeof billingReport>

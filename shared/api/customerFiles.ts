import { z } from 'zod'
import { auditEvent } from './audit.ts'
import { invoice, subscription } from './billing.ts'
import { cloudPod } from './cloudPods.ts'
import { id, money, timestamp } from './common.ts'
import { customerContact, customerNote } from './customerFile.ts'
import { customer, customerList } from './customers.ts'

/** The filters of the list. `bom` puts the mark in front by which Excel knows UTF-8; `limit` ends after so many rows. */
export const customerExport = customerList.omit({ cursor: true, limit: true }).extend({
  limit: z.coerce.number().int().min(1).max(10_000_000).optional(),
  bom: z.stringbool().default(false),
})

const event = auditEvent.pick({ at: true, action: true, outcome: true, actor: true, diff: true })

/** Everything mPanel holds about one customer. */
export const customerData = z.object({
  exportedAt: timestamp,
  customer,
  /** Those that were merged into it. */
  merged: z.array(customer),
  contacts: z.array(customerContact),
  notes: z.array(customerNote),
  subscriptions: z.array(subscription),
  cloudPods: z.array(cloudPod),
  invoices: z.array(z.object({ ...invoice.shape, buyer: z.record(z.string(), z.unknown()) })),
  payments: z.array(
    z.object({
      id,
      amount: money,
      method: z.string(),
      reference: z.string(),
      status: z.string(),
      receivedAt: timestamp,
    }),
  ),
  /** By the ledger, for each currency. */
  balances: z.array(z.object({ owes: money, credit: money })),
  events: z.array(event),
})
export type CustomerData = z.infer<typeof customerData>

export const IMPORT_ROWS = 2_000

export const customerImport = z.strictObject({
  tenantId: id,
  /** A CSV file as text, with a line of column names. */
  csv: z.string().min(1).max(1_000_000),
  /** Only say what would happen. */
  dryRun: z.boolean(),
})

const row = z.object({
  /** Where it begins in the file; the names of the columns are line 1. */
  line: z.number().int(),
  outcome: z.enum(['create', 'update', 'unchanged', 'refused']),
  name: z.string(),
  /** Of a customer that exists. */
  customerId: id.nullable(),
  /** What would change, or changed. */
  changes: z.array(z.string()),
  problems: z.array(z.object({ path: z.string(), message: z.string() })),
})
export type ImportRow = z.infer<typeof row>
export const importResult = z.object({
  /** Whether it was done. */
  done: z.boolean(),
  counts: z.object({
    create: z.number().int(),
    update: z.number().int(),
    unchanged: z.number().int(),
    refused: z.number().int(),
  }),
  rows: z.array(row),
})
export type ImportResult = z.infer<typeof importResult>

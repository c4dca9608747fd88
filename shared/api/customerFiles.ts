import { z } from 'zod'
import { auditEvent } from './audit.ts'
import { invoice, subscription } from './billing.ts'
import { cloudPod } from './cloudPods.ts'
import { id, money, timestamp } from './common.ts'
import { taxEvidence } from './billingTaxes.ts'
import { customerContact, customerNote } from './customerFile.ts'
import { customer, customerList } from './customers.ts'
import { IMPORT_STATES } from '../states/customerImport.ts'

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
  taxEvidence: z.array(taxEvidence),
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

/** What an import takes at most. */
export const IMPORT_ROWS = 200_000
export const IMPORT_BYTES = 50_000_000
/** Of the refused rows, and of the others, a report shows so many. */
export const REPORT_ROWS = 200

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

const importReport = z.object({
  counts: z.object({
    create: z.number().int(),
    update: z.number().int(),
    unchanged: z.number().int(),
    refused: z.number().int(),
  }),
  /** Faults of all rows together; a row may have several. */
  faults: z.number().int(),
  /** The refused ones first, then those that do something. */
  rows: z.array(row),
})
export type ImportReport = z.infer<typeof importReport>

export const customerImport = z.object({
  id,
  tenantId: id,
  state: z.enum(IMPORT_STATES),
  /** Of the file. */
  name: z.string(),
  requestedBy: z.string(),
  bytes: z.number().int(),
  /** How many rows were read. */
  rows: z.number().int(),
  /** What the rows would do, once they were checked; what they did, once they were imported. */
  report: importReport.nullable(),
  problem: z.string().nullable(),
  createdAt: timestamp,
  finishedAt: timestamp.nullable(),
  /** When everything about it is removed. */
  expiresAt: timestamp,
  /** The job that is, or was last, at work on it. */
  jobId: id.nullable(),
})
export type CustomerImport = z.infer<typeof customerImport>
export const customerImportList = z.object({ items: z.array(customerImport.omit({ report: true })) })
export type CustomerImportList = z.infer<typeof customerImportList>
export const customerImportUpload = z.strictObject({
  /** Of the file. */
  name: z.string().trim().min(1).max(200).default('customers.csv'),
})

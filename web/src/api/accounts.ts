import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type { Invoice } from '../../../shared/api/billing.ts'
import type {
  BillingReport,
  CustomerCredit,
  customerCreditCreate,
  CustomerStatement,
} from '../../../shared/api/billingAccounts.ts'
import { download, get, post } from './http.ts'

export type { BillingReport, CustomerStatement }

const INVOICES = '/api/admin/billing/invoices'
type Kind = 'invoice' | 'credit_note'

/** An invoice, or one of its credit notes. */
export type DocumentWanted = { invoiceId: string; of: Kind; creditNote?: string }

/** The address of a page to print. */
export const documentAddress = ({ invoiceId, ...wanted }: DocumentWanted): string =>
  `${INVOICES}/${invoiceId}/document?${new URLSearchParams(wanted).toString()}`
export const downloadDocument = (
  { invoiceId, ...wanted }: DocumentWanted,
  form: 'pdf' | 'xml',
  name: string,
): Promise<void> => download(`${INVOICES}/${invoiceId}/${form}`, `${name}.${form}`, wanted)
export const writeOffInvoice = (id: string, reason: string, key: string) =>
  post<Invoice>(`${INVOICES}/${id}/write-off`, { reason }, key)

const customer = (id: string) => `/api/admin/customers/${encodeURIComponent(id)}`
export const giveCredit = (id: string, body: z.input<typeof customerCreditCreate>, key: string) =>
  post<CustomerCredit>(`${customer(id)}/credit`, body, key)

type Days = { from: string; to: string }
export const statementQuery = (id: string, days: Days) =>
  queryOptions({
    queryKey: ['invoices', 'statement', id, days] as const,
    queryFn: ({ signal }) => get<CustomerStatement>(`${customer(id)}/statement`, days, signal),
  })
export const reportQuery = (query: Days & { tenantId: string | undefined }) =>
  queryOptions({
    queryKey: ['invoices', 'report', query] as const,
    queryFn: ({ signal }) => get<BillingReport>('/api/admin/billing/report', query, signal),
  })

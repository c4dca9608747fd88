import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  creditNoteCreate,
  CreditNoteIssued,
  CreditNotePreview,
  creditNotePreviewBody,
  InvoiceCredits,
} from '../../../shared/api/billingCredits.ts'
import { get, post } from './http.ts'

export type { CreditNotePreview, InvoiceCredits }

const pathOf = (invoiceId: string): string => `/api/admin/billing/invoices/${invoiceId}/credit-notes`

/** What was credited of an invoice, and what can be. */
export const invoiceCreditsQuery = (invoiceId: string) =>
  queryOptions({
    queryKey: ['invoices', 'credits', invoiceId] as const,
    queryFn: ({ signal }) => get<InvoiceCredits>(pathOf(invoiceId), undefined, signal),
  })
export const previewCreditNote = (
  invoiceId: string,
  wish: z.input<typeof creditNotePreviewBody>,
  key: string,
) => post<CreditNotePreview>(`${pathOf(invoiceId)}/preview`, wish, key)
export const createCreditNote = (invoiceId: string, body: z.input<typeof creditNoteCreate>, key: string) =>
  post<CreditNoteIssued>(pathOf(invoiceId), body, key)

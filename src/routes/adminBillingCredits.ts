import {
  creditNoteCreate,
  creditNoteIssued,
  creditNotePreview,
  creditNotePreviewBody,
  invoiceCredits,
} from '../../shared/api/billingCredits.ts'
import { idParams } from '../../shared/api/common.ts'
import * as documents from '../services/billingDocumentService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const PATH = '/api/admin/billing/invoices/{id}/credit-notes'
const invoice = { in: 'object', kind: 'invoice' } as const

/** Credit notes that somebody issues. What is shown is what is credited. */
export const adminBillingCredits: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'getInvoiceCredits',
    summary: 'Show what was credited of an invoice, and what can be',
    tag,
    access: { permission: 'billing:read', where: invoice },
    params: idParams,
    replies: { 200: invoiceCredits },
    handler: async (ctx, { params, tenantId }) => ({
      body: await documents.creditsOf(ctx, tenantId, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/preview`,
    operationId: 'previewCreditNote',
    summary:
      'Show what a credit note over lines or an amount comes to, with a token that issues exactly that',
    tag,
    access: { permission: 'billing:manage', where: invoice },
    params: idParams,
    body: creditNotePreviewBody,
    replies: { 200: creditNotePreview },
    handler: async (ctx, { params, body, tenantId }) => ({
      body: await documents.previewCreditNote(ctx, tenantId, params.id, body),
    }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createCreditNote',
    summary: 'Issue the credit note that a preview has shown, or nothing',
    tag,
    whileSuspended: true,
    notWhileImpersonating: true,
    access: { permission: 'billing:manage', where: invoice },
    params: idParams,
    body: creditNoteCreate,
    replies: { 201: creditNoteIssued },
    handler: async (ctx, { params, body, tenantId }) => ({
      status: 201,
      body: await documents.createCreditNote(ctx, tenantId, params.id, body),
      location: `/api/admin/billing/invoices/${params.id}/credit-notes`,
    }),
  }),
]

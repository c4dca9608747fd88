import { z } from 'zod'
import { invoiceDocumentQuery } from '../../shared/api/billing.ts'
import { idParams } from '../../shared/api/common.ts'
import * as documents from '../services/billingDocumentService.ts'
import { transaction } from '../context.ts'
import { attachment } from '../lib/download.ts'
import { originOf } from '../middleware/auth.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const access = { permission: 'billing:read', where: { in: 'object', kind: 'invoice' } } as const

/** Invoices and credit notes as documents. */
export const adminBillingDocuments: Route[] = [
  {
    method: 'GET',
    path: '/api/admin/billing/invoices/{id}/document',
    operationId: 'getInvoiceDocument',
    summary: 'An invoice, or a credit note over it, as a page to print',
    tag,
    access,
    params: idParams,
    query: invoiceDocumentQuery,
    replies: { 200: z.string().describe('A page (text/html)') },
    raw: async (root, request, reply, identity, tenantId) => {
      const { id } = request.params as z.infer<typeof idParams>
      const { html, policy } = await documents.invoicePage(root, originOf(request, identity), tenantId, {
        invoiceId: id,
        ...(request.query as z.infer<typeof invoiceDocumentQuery>),
      })
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', policy)
        .serializer((payload: unknown) => payload as string)
        .send(html)
    },
  },
  {
    method: 'GET',
    path: '/api/admin/billing/invoices/{id}/pdf',
    operationId: 'getInvoicePdf',
    summary: 'Download an invoice, or a credit note over it, as a PDF',
    tag,
    access,
    params: idParams,
    query: invoiceDocumentQuery,
    replies: { 200: z.string().describe('A PDF file (application/pdf)') },
    raw: async (root, request, reply, identity, tenantId) => {
      const { id } = request.params as z.infer<typeof idParams>
      const origin = originOf(request, identity)
      const { name, content, sha256 } = await documents.invoicePdf(
        (work) => transaction(root, origin, [tenantId], work),
        tenantId,
        { invoiceId: id, ...(request.query as z.infer<typeof invoiceDocumentQuery>) },
      )
      return reply
        .type('application/pdf')
        .header('content-disposition', attachment(name))
        .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox")
        .header('x-content-type-options', 'nosniff')
        .header('etag', `"${sha256}"`)
        .serializer((payload: unknown) => payload as string)
        .send(content)
    },
  },
  route({
    method: 'GET',
    path: '/api/admin/billing/invoices/{id}/xml',
    operationId: 'getInvoiceXml',
    summary: 'Download an invoice, or a credit note over it, by EN 16931 (UBL 2.1)',
    tag,
    access,
    params: idParams,
    query: invoiceDocumentQuery,
    replies: { 200: z.string().describe('An XML file (application/xml)') },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: '',
      download: await documents.invoiceXml(ctx, tenantId, { invoiceId: params.id, ...query }),
    }),
  }),
]

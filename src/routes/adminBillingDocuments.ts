import { z } from 'zod'
import { invoiceDocumentQuery } from '../../shared/api/billing.ts'
import { idParams } from '../../shared/api/common.ts'
import * as documents from '../services/billingDocumentService.ts'
import { route, type Route } from './define.ts'
import { originOf } from '../middleware/auth.ts'

const tag = 'billing'
const access = { permission: 'billing:read', where: { in: 'object', kind: 'invoice' } } as const

/** Invoices and credit notes as documents. */
export const adminBillingDocuments: Route[] = [
  {
    method: 'GET',
    path: '/api/admin/billing/invoices/{id}/document',
    operationId: 'getInvoiceDocument',
    summary: 'An invoice, or its credit note, as a page to print',
    tag,
    access,
    params: idParams,
    query: invoiceDocumentQuery,
    replies: { 200: z.string().describe('A page (text/html)') },
    raw: async (root, request, reply, identity, tenantId) => {
      const { id } = request.params as z.infer<typeof idParams>
      const { of } = request.query as z.infer<typeof invoiceDocumentQuery>
      const { html, policy } = await documents.invoicePage(
        root,
        originOf(request, identity),
        tenantId,
        id,
        of,
      )
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', policy)
        .header('cache-control', 'no-store')
        .serializer((payload: unknown) => payload as string)
        .send(html)
    },
  },
  route({
    method: 'GET',
    path: '/api/admin/billing/invoices/{id}/xml',
    operationId: 'getInvoiceXml',
    summary: 'Download an invoice, or its credit note, by EN 16931 (UBL 2.1)',
    tag,
    access,
    params: idParams,
    query: invoiceDocumentQuery,
    replies: { 200: z.string().describe('An XML file (application/xml)') },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: '',
      download: await documents.invoiceXml(ctx, tenantId, params.id, query.of),
    }),
  }),
]

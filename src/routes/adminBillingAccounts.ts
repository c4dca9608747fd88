import { invoice, invoiceWriteOff } from '../../shared/api/billing.ts'
import {
  billingReport,
  billingReportQuery,
  customerCredit,
  customerCreditCreate,
  customerStatement,
  statementQuery,
} from '../../shared/api/billingAccounts.ts'
import { idParams } from '../../shared/api/common.ts'
import * as accounts from '../services/billingAccountService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const ofCustomer = { in: 'object', kind: 'customer' } as const

/** What is corrected by hand, and what the books say. */
export const adminBillingAccounts: Route[] = [
  route({
    method: 'POST',
    path: '/api/admin/billing/invoices/{id}/write-off',
    operationId: 'writeOffInvoice',
    whileSuspended: true,
    summary: 'Give up what is open on an invoice; it can still be paid',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'billing:manage', where: { in: 'object', kind: 'invoice' } },
    params: idParams,
    body: invoiceWriteOff,
    replies: { 200: invoice },
    handler: async (ctx, { params, body, tenantId }) => ({
      body: await accounts.writeOff(ctx, tenantId, params.id, body),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/customers/{id}/credit',
    operationId: 'grantCustomerCredit',
    summary: 'Give a customer credit by hand, or take back what was given by mistake',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'billing:manage', where: ofCustomer },
    params: idParams,
    body: customerCreditCreate,
    replies: { 201: customerCredit },
    handler: async (ctx, { params, body, tenantId }) => ({
      status: 201,
      body: await accounts.grantCredit(ctx, tenantId, params.id, body),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/customers/{id}/statement',
    operationId: 'getCustomerStatement',
    summary: 'Show what a customer owed and had in hand in a period, from the ledger',
    tag,
    access: { permission: 'billing:read', where: ofCustomer },
    params: idParams,
    query: statementQuery,
    replies: { 200: customerStatement },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: await accounts.statement(ctx, tenantId, params.id, query),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/billing/report',
    operationId: 'getBillingReport',
    summary: 'Recurring revenue, churn, aged receivables, and revenue and tax by rate',
    tag,
    access: { permission: 'billing:read', where: { in: 'list' } },
    query: billingReportQuery,
    replies: { 200: billingReport },
    handler: async (ctx, { query }) => ({ body: await accounts.report(ctx, query) }),
  }),
]

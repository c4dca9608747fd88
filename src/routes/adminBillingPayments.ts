import { z } from 'zod'
import {
  attemptStarted,
  invoiceCharge,
  invoiceLink,
  invoicePayments,
  paymentMethod,
  paymentMethodList,
  paymentMethodPage,
  paymentRefundCreate,
  refundStarted,
} from '../../shared/api/billingPayments.ts'
import { idParams, page } from '../../shared/api/common.ts'
import { job } from '../../shared/api/provisioning.ts'
import { originOf } from '../middleware/auth.ts'
import * as collection from '../services/billingCollectionService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const INVOICE = '/api/admin/billing/invoices/{id}'
const METHODS = '/api/admin/billing/payment-methods'
const CUSTOMER_METHODS = '/api/admin/customers/{id}/payment-methods'
const jobPath = (id: string): string => `/api/admin/provisioning/jobs/${id}`
const manage = (kind: 'invoice' | 'paymentAttempt' | 'payment' | 'paymentMethod' | 'customer') =>
  ({ permission: 'billing:manage', where: { in: 'object', kind } }) as const

export const adminBillingPayments: Route[] = [
  route({
    method: 'GET',
    path: `${INVOICE}/payments`,
    operationId: 'getInvoicePayments',
    summary: 'Show what was paid of an invoice, given back, and tried',
    tag,
    access: { permission: 'billing:read', where: { in: 'object', kind: 'invoice' } },
    params: idParams,
    replies: { 200: invoicePayments },
    handler: async (ctx, { params, tenantId }) => ({
      body: await collection.paymentsOf(ctx, tenantId, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: `${INVOICE}/charge`,
    operationId: 'chargeInvoice',
    summary: 'Charge what is open of an invoice to a payment method of its customer',
    tag,
    whileSuspended: true,
    notWhileImpersonating: true,
    access: manage('invoice'),
    params: idParams,
    body: invoiceCharge,
    replies: { 202: attemptStarted },
    handler: async (ctx, { params, body, tenantId }) => {
      const started = await collection.beginCharge(ctx, tenantId, params.id, { ...body, reason: 'asked' })
      return { status: 202, body: started, location: jobPath(started.job.id) }
    },
  }),
  route({
    method: 'POST',
    path: `${INVOICE}/pay-link`,
    operationId: 'createPayLink',
    summary: 'Make a page of the provider on which the customer pays an invoice',
    tag,
    whileSuspended: true,
    notWhileImpersonating: true,
    access: manage('invoice'),
    params: idParams,
    body: invoiceLink,
    replies: { 202: attemptStarted },
    handler: async (ctx, { params, body, tenantId }) => {
      const started = await collection.beginLink(ctx, tenantId, params.id, { ...body, reason: 'asked' })
      return { status: 202, body: started, location: jobPath(started.job.id) }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/billing/payment-attempts/{id}/cancel',
    operationId: 'cancelPayLink',
    summary: 'Take a page to pay on back',
    tag,
    whileSuspended: true,
    access: manage('paymentAttempt'),
    params: idParams,
    replies: { 202: attemptStarted },
    handler: async (ctx, { params, tenantId }) => {
      const started = await collection.cancelLink(ctx, tenantId, params.id)
      return { status: 202, body: started, location: jobPath(started.job.id) }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/billing/payments/{id}/refund',
    operationId: 'refundPayment',
    summary: 'Give a payment back, or a part of it, through the provider that took it',
    tag,
    whileSuspended: true,
    notWhileImpersonating: true,
    access: manage('payment'),
    params: idParams,
    body: paymentRefundCreate,
    replies: { 202: refundStarted },
    handler: async (ctx, { params, body, tenantId }) => {
      const started = await collection.beginRefund(ctx, tenantId, params.id, body)
      return { status: 202, body: started, location: jobPath(started.job.id) }
    },
  }),
  route({
    method: 'GET',
    path: METHODS,
    operationId: 'listPaymentMethods',
    summary: 'List what a customer can be charged with',
    tag,
    access: { permission: 'billing:read', where: { in: 'list' } },
    query: paymentMethodList,
    replies: { 200: page(paymentMethod) },
    handler: async (ctx, { query }) => ({
      body: await collection.listMethods(ctx, query.customerId, query),
    }),
  }),
  {
    method: 'POST',
    path: CUSTOMER_METHODS,
    operationId: 'beginPaymentMethod',
    summary: 'Make a page of the provider on which a customer leaves a payment method',
    tag,
    access: manage('customer'),
    params: idParams,
    perMinute: 30,
    answersSecret: true,
    notWhileImpersonating: true,
    replies: { 200: paymentMethodPage },
    raw: async (root, request, _reply, identity, tenantId) => {
      const { id } = request.params as z.infer<typeof idParams>
      return collection.beginMethod(root, originOf(request, identity), tenantId, id)
    },
  },
  route({
    method: 'POST',
    path: `${CUSTOMER_METHODS}/look`,
    operationId: 'lookAtPaymentMethods',
    summary:
      'Have the payment methods of a customer looked at now; it is done when the provider says so anyway',
    tag,
    access: { permission: 'billing:read', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    replies: { 202: z.object({ job }) },
    handler: async (ctx, { params, tenantId }) => {
      const body = await collection.syncMethods(ctx, tenantId, params.id)
      return { status: 202, body, location: jobPath(body.job.id) }
    },
  }),
  route({
    method: 'POST',
    path: `${METHODS}/{id}/default`,
    operationId: 'setDefaultPaymentMethod',
    summary: 'Charge a customer with this payment method from now on',
    tag,
    access: manage('paymentMethod'),
    params: idParams,
    replies: { 200: paymentMethod },
    handler: async (ctx, { params, tenantId }) => ({
      body: await collection.makeDefault(ctx, tenantId, params.id),
    }),
  }),
  route({
    method: 'DELETE',
    path: `${METHODS}/{id}`,
    operationId: 'removePaymentMethod',
    summary: 'Take a payment method away, here and at the provider',
    tag,
    access: manage('paymentMethod'),
    params: idParams,
    replies: { 202: z.object({ method: paymentMethod, job }) },
    handler: async (ctx, { params, tenantId }) => {
      const body = await collection.removeMethod(ctx, tenantId, params.id)
      return { status: 202, body, location: jobPath(body.job.id) }
    },
  }),
]

import { z } from 'zod'
import {
  invoice,
  invoiceList,
  payment,
  paymentCreate,
  plan,
  planCreate,
  planList,
  subscription,
  subscriptionCancel,
  subscriptionCreate,
  subscriptionList,
} from '../../shared/api/billing.ts'
import { idParams, page } from '../../shared/api/common.ts'
import { job } from '../../shared/api/provisioning.ts'
import * as BillingService from '../services/BillingService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const jobPath = (started: { id: string } | null): string | undefined =>
  started === null ? undefined : `/api/admin/provisioning/jobs/${started.id}`

export const adminSubscriptions: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/billing/plans',
    operationId: 'listPlans',
    summary: 'List plans with their prices',
    tag,
    access: { permission: 'plans:read', where: { in: 'list' } },
    query: planList,
    replies: { 200: page(plan) },
    handler: async (ctx, { query }) => ({ body: await BillingService.listPlans(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/billing/plans',
    operationId: 'createPlan',
    summary: 'Add a plan with its prices, for all tenants or for one',
    tag,
    access: { permission: 'plans:create', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    body: planCreate,
    replies: { 201: plan },
    handler: async (ctx, { body }) => ({ status: 201, body: await BillingService.createPlan(ctx, body) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/billing/subscriptions',
    operationId: 'listSubscriptions',
    summary: 'List subscriptions',
    tag,
    access: { permission: 'subscriptions:read', where: { in: 'list' } },
    query: subscriptionList,
    replies: { 200: page(subscription) },
    handler: async (ctx, { query }) => ({ body: await BillingService.list(ctx, query, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/billing/subscriptions',
    operationId: 'createSubscription',
    summary: 'Order a plan for a customer: reserves the pod and issues the first invoice',
    tag,
    access: {
      permission: 'subscriptions:write',
      where: { in: 'body', field: 'customerId', kind: 'customer' },
    },
    body: subscriptionCreate,
    replies: { 201: z.object({ subscription, invoice: invoice.nullable(), job: job.nullable() }) },
    handler: async (ctx, { body, tenantId }) => {
      const ordered = await BillingService.create(ctx, tenantId, body)
      const location = `/api/admin/billing/subscriptions/${ordered.subscription.id}`
      return { status: 201, body: ordered, location, version: ordered.subscription.version }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/billing/subscriptions/{id}',
    operationId: 'getSubscription',
    summary: 'Show a subscription',
    tag,
    access: { permission: 'subscriptions:read', where: { in: 'object', kind: 'subscription' } },
    params: idParams,
    replies: { 200: subscription },
    handler: async (ctx, { params, tenantId }) => {
      const found = await BillingService.get(ctx, tenantId, params.id)
      return { body: found, version: found.version }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/billing/subscriptions/{id}/cancel',
    operationId: 'cancelSubscription',
    whileSuspended: true,
    summary: 'End a subscription now or with its period',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'subscriptions:write', where: { in: 'object', kind: 'subscription' } },
    params: idParams,
    body: subscriptionCancel,
    replies: { 202: z.object({ subscription, job: job.nullable() }) },
    handler: async (ctx, { params, body, tenantId }) => {
      const cancelled = await BillingService.cancel(ctx, tenantId, params.id, body)
      return { status: 202, body: cancelled, location: jobPath(cancelled.job) }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/billing/subscriptions/{id}/retry',
    operationId: 'retryDelivery',
    summary: 'Make the pod of a paid subscription again after its creation has failed',
    tag,
    access: { permission: 'subscriptions:write', where: { in: 'object', kind: 'subscription' } },
    params: idParams,
    replies: { 202: z.object({ subscription, job }) },
    handler: async (ctx, { params, tenantId }) => {
      const retried = await BillingService.retryDelivery(ctx, tenantId, params.id)
      return { status: 202, body: retried, location: jobPath(retried.job) }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/billing/invoices',
    operationId: 'listInvoices',
    summary: 'List invoices with their lines',
    tag,
    access: { permission: 'billing:read', where: { in: 'list' } },
    query: invoiceList,
    replies: { 200: page(invoice) },
    handler: async (ctx, { query }) => ({ body: await BillingService.listInvoices(ctx, query, query) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/billing/invoices/{id}',
    operationId: 'getInvoice',
    summary: 'Show an invoice with its lines',
    tag,
    access: { permission: 'billing:read', where: { in: 'object', kind: 'invoice' } },
    params: idParams,
    replies: { 200: invoice },
    handler: async (ctx, { params, tenantId }) => ({
      body: await BillingService.getInvoice(ctx, tenantId, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/billing/invoices/{id}/payments',
    operationId: 'recordPayment',
    whileSuspended: true,
    summary: 'Book a payment that was received; paying an order in full starts its pod',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'billing:manage', where: { in: 'object', kind: 'invoice' } },
    params: idParams,
    body: paymentCreate,
    replies: { 201: payment },
    handler: async (ctx, { params, body, tenantId }) => ({
      status: 201,
      body: await BillingService.recordPayment(ctx, tenantId, params.id, body),
    }),
  }),
]

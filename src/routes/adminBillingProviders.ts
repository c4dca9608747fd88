import { z } from 'zod'
import {
  billingProvider,
  billingProviderCheck,
  billingProviderCheckRequest,
  billingProviderCreate,
  billingProviderList,
  billingProviderUpdate,
} from '../../shared/api/billingPayments.ts'
import { idParams, page } from '../../shared/api/common.ts'
import { originOf } from '../middleware/auth.ts'
import * as collection from '../services/billingCollectionService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const PATH = '/api/admin/billing/providers'
const manage = {
  permission: 'billing:manage',
  where: { in: 'object', kind: 'billingProvider' },
} as const

/** The checks call the provider while the request waits, outside of any transaction. */
export const adminBillingProviders: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listBillingProviders',
    summary: 'List who collects payments, for which tenant',
    tag,
    access: { permission: 'billing:read', where: { in: 'list' } },
    query: billingProviderList,
    replies: { 200: page(billingProvider) },
    handler: async (ctx, { query }) => ({ body: await collection.listProviders(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createBillingProvider',
    summary: 'Choose who collects the payments of a tenant, or of all that have not chosen',
    tag,
    access: { permission: 'billing:manage', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    stepUp: true,
    body: billingProviderCreate,
    replies: { 201: billingProvider },
    handler: async (ctx, { body }) => {
      const made = await collection.addProvider(ctx, body)
      return { status: 201, body: made, location: `${PATH}/${made.id}` }
    },
  }),
  {
    method: 'POST',
    path: `${PATH}/check`,
    operationId: 'checkBillingProviderKey',
    summary: 'Try a key of Stripe before it is used',
    tag,
    access: { permission: 'billing:manage', where: { in: 'platform' } },
    body: billingProviderCheckRequest,
    perMinute: 10,
    answersSecret: true,
    replies: { 200: billingProviderCheck },
    raw: async (root, request, _reply, identity) =>
      collection.checkKey(
        root,
        originOf(request, identity),
        request.body as z.infer<typeof billingProviderCheckRequest>,
      ),
  },
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getBillingProvider',
    summary: 'Show who collects, and how that goes',
    tag,
    access: { permission: 'billing:read', where: { in: 'object', kind: 'billingProvider' } },
    params: idParams,
    replies: { 200: billingProvider },
    handler: async (ctx, { params }) => {
      const body = await collection.getProvider(ctx, params.id)
      return { body, version: body.version }
    },
  }),
  {
    method: 'POST',
    path: `${PATH}/{id}/check`,
    operationId: 'checkBillingProvider',
    summary: 'Try the connection to a provider, and note how it is',
    tag,
    access: manage,
    params: idParams,
    perMinute: 10,
    replies: { 200: billingProviderCheck },
    raw: async (root, request, _reply, identity) => {
      const { id } = request.params as z.infer<typeof idParams>
      return collection.checkProvider(root, originOf(request, identity), id)
    },
  },
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateBillingProvider',
    summary: 'Change the key, the webhook secret, or whether due invoices are charged',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: billingProviderUpdate,
    replies: { 200: billingProvider },
    versioned: true,
    handler: async (ctx, { params, body, ifMatch }) => {
      const changed = await collection.updateProvider(ctx, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    operationId: 'removeBillingProvider',
    summary: 'Collect nothing new through a provider; what was paid through it is still heard of',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await collection.retireProvider(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
]

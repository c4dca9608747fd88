import { idParams, page } from '../../shared/api/common.ts'
import { customer, customerCreate, customerList, customerUpdate } from '../../shared/api/customers.ts'
import * as customerService from '../services/customerService.ts'
import { route, type Route } from './define.ts'

const tag = 'customers'

export const adminCustomers: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/customers',
    operationId: 'listCustomers',
    summary: 'List or search customers',
    tag,
    access: { permission: 'customers:read', where: { in: 'list' } },
    query: customerList,
    replies: { 200: page(customer) },
    handler: async (ctx, { query }) => ({ body: await customerService.list(ctx, query, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/customers',
    operationId: 'createCustomer',
    summary: 'Add a customer to a tenant',
    tag,
    access: { permission: 'customers:create', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    body: customerCreate,
    replies: { 201: customer },
    handler: async (ctx, { body }) => {
      const made = await customerService.create(ctx, body)
      return { status: 201, body: made, location: `/api/admin/customers/${made.id}`, version: made.version }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/customers/{id}',
    operationId: 'getCustomer',
    summary: 'Show a customer',
    tag,
    access: { permission: 'customers:read', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    replies: { 200: customer },
    handler: async (ctx, { params, tenantId }) => {
      const found = await customerService.get(ctx, tenantId, params.id)
      return { body: found, version: found.version }
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/customers/{id}',
    operationId: 'updateCustomer',
    summary: 'Change a customer',
    tag,
    access: { permission: 'customers:update', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    body: customerUpdate,
    replies: { 200: customer },
    versioned: true,
    handler: async (ctx, { params, body, tenantId, ifMatch }) => {
      const changed = await customerService.update(ctx, tenantId, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
]

import { idParams, page } from '../../shared/api/common.ts'
import { tenant, tenantCreate, tenantList, tenantUpdate } from '../../shared/api/tenants.ts'
import * as tenantService from '../services/tenantService.ts'
import { route, type Route } from './define.ts'

const tag = 'tenants'

export const adminTenants: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/tenants',
    operationId: 'listTenants',
    summary: 'List tenants',
    tag,
    access: { permission: 'tenants:read', where: { in: 'list' } },
    query: tenantList,
    replies: { 200: page(tenant) },
    handler: async (ctx, { query }) => ({ body: await tenantService.list(ctx, query, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/tenants',
    operationId: 'createTenant',
    summary: 'Add a tenant with its quota',
    tag,
    access: { permission: 'tenants:create', where: { in: 'platform' } },
    body: tenantCreate,
    replies: { 201: tenant },
    handler: async (ctx, { body }) => {
      const made = await tenantService.create(ctx, body)
      return { status: 201, body: made, location: `/api/admin/tenants/${made.id}`, version: made.version }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}',
    operationId: 'getTenant',
    summary: 'Show a tenant',
    tag,
    access: { permission: 'tenants:read', where: { in: 'object', kind: 'tenant' } },
    params: idParams,
    replies: { 200: tenant },
    handler: async (ctx, { params }) => {
      const found = await tenantService.get(ctx, params.id)
      return { body: found, version: found.version }
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/tenants/{id}',
    operationId: 'updateTenant',
    whileSuspended: true,
    summary: 'Change a tenant; its quota only with tenants:create',
    tag,
    access: { permission: 'tenants:update', where: { in: 'object', kind: 'tenant' } },
    params: idParams,
    body: tenantUpdate,
    replies: { 200: tenant },
    versioned: true,
    handler: async (ctx, { params, body, identity, ifMatch }) => {
      const mayChangeQuota = identity.platform.has('tenants:create')
      const changed = await tenantService.update(ctx, params.id, body, { version: ifMatch, mayChangeQuota })
      return { body: changed, version: changed.version }
    },
  }),
]

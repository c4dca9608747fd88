import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import { suspensionView, tenantSuspend } from '../../shared/api/tenants.ts'
import * as tenantSuspensionService from '../services/tenantSuspensionService.ts'
import { route, type Route } from './define.ts'

const tag = 'tenants'
const tenant = { in: 'object', kind: 'tenant' } as const

export const adminTenantSuspension: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}/suspension',
    operationId: 'getTenantSuspension',
    summary: 'Show the present or last suspension and what became of each pod',
    tag,
    access: { permission: 'tenants:read', where: tenant },
    params: idParams,
    replies: { 200: suspensionView },
    handler: async (ctx, { params }) => ({ body: await tenantSuspensionService.view(ctx, params.id) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/tenants/{id}/suspend',
    operationId: 'suspendTenant',
    whileSuspended: true,
    summary: 'Suspend a tenant: its users are refused, its pods are stopped',
    tag,
    access: { permission: 'tenants:suspend', where: tenant },
    params: idParams,
    body: tenantSuspend,
    replies: { 202: suspensionView },
    handler: async (ctx, { params, body }) => ({
      status: 202,
      body: await tenantSuspensionService.suspend(ctx, params.id, body.reason),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/tenants/{id}/restore',
    operationId: 'restoreTenant',
    whileSuspended: true,
    summary: 'End a suspension: what ran before is started again',
    tag,
    access: { permission: 'tenants:suspend', where: tenant },
    params: idParams,
    body: z.strictObject({}),
    replies: { 202: suspensionView },
    handler: async (ctx, { params }) => ({
      status: 202,
      body: await tenantSuspensionService.restore(ctx, params.id),
    }),
  }),
]

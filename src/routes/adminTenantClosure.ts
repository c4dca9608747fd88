import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import { closureProof, closureView, tenantClose } from '../../shared/api/tenantClosures.ts'
import * as tenantClosureService from '../services/tenantClosureService.ts'
import { route, type Route } from './define.ts'

const tag = 'tenants'
/** Closing is the platform's: whoever may do it may do it to every tenant. */
const access = { permission: 'tenants:close', where: { in: 'platform' } } as const

export const adminTenantClosure: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}/close',
    operationId: 'getTenantClosure',
    summary: 'Show the present or last closing and what became of each pod',
    tag,
    access,
    params: idParams,
    replies: { 200: closureView },
    handler: async (ctx, { params }) => ({ body: await tenantClosureService.view(ctx, params.id) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/tenants/{id}/close',
    operationId: 'closeTenant',
    sessionOnly: true,
    stepUp: true,
    summary: 'Close a tenant, or with dryRun list what that would destroy',
    tag,
    access,
    params: idParams,
    body: tenantClose,
    replies: { 200: closureView, 202: closureView },
    handler: async (ctx, { params, body }) => ({
      status: body.dryRun ? 200 : 202,
      body: await tenantClosureService.close(ctx, params.id, body),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/tenants/{id}/close/cancel',
    operationId: 'cancelTenantClosure',
    sessionOnly: true,
    stepUp: true,
    summary: 'Cancel a closing within its cooling-off: everything is as it was',
    tag,
    access,
    params: idParams,
    body: z.strictObject({}),
    replies: { 202: closureView },
    handler: async (ctx, { params }) => ({
      status: 202,
      body: await tenantClosureService.cancel(ctx, params.id),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}/close/proof',
    operationId: 'getTenantClosureProof',
    summary: 'Download the signed proof of deletion of a closed tenant',
    tag,
    access,
    params: idParams,
    replies: { 200: closureProof },
    handler: async (ctx, { params }) => ({ body: await tenantClosureService.proof(ctx, params.id) }),
  }),
]

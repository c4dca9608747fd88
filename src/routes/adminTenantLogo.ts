import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import { logoParams, logoUpload, logoView } from '../../shared/api/tenantLogo.ts'
import * as tenantLogoService from '../services/tenantLogoService.ts'
import { route, type Route } from './define.ts'

const tag = 'tenants'
const tenant = { in: 'object', kind: 'tenant' } as const

export const adminTenantLogo: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}/logo',
    operationId: 'getTenantLogo',
    summary: 'Show where the logo of a tenant is served',
    tag,
    access: { permission: 'tenants:read', where: tenant },
    params: idParams,
    replies: { 200: logoView },
    handler: async (ctx, { params }) => ({ body: await tenantLogoService.view(ctx, params.id) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/tenants/{id}/logo',
    operationId: 'uploadTenantLogo',
    whileSuspended: true,
    summary: 'Set the logo of a tenant: PNG, JPEG or WebP, at most 200 kB and 2000 by 2000 pixels',
    tag,
    access: { permission: 'tenants:settings', where: tenant },
    params: idParams,
    body: logoUpload,
    replies: { 200: logoView },
    handler: async (ctx, { params, body }) => ({
      body: await tenantLogoService.upload(ctx, params.id, body.data),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/tenants/{id}/logo',
    operationId: 'removeTenantLogo',
    whileSuspended: true,
    summary: 'Take the logo of a tenant away',
    tag,
    access: { permission: 'tenants:settings', where: tenant },
    params: idParams,
    replies: { 200: logoView },
    handler: async (ctx, { params }) => ({ body: await tenantLogoService.remove(ctx, params.id) }),
  }),
  {
    method: 'GET',
    path: '/api/branding/{tenantId}/logo/{hash}',
    operationId: 'getLogo',
    summary: 'A logo, for whoever knows its address',
    tag,
    access: 'public',
    params: logoParams,
    replies: { 200: z.string() },
    raw: async (root, request, reply) => {
      const { tenantId, hash } = request.params as z.infer<typeof logoParams>
      const { type, data } = await tenantLogoService.picture(root, tenantId, hash)
      return (
        reply
          .type(type)
          // Nothing in it is ever run, whatever it holds; mail programs and other origins may show it.
          .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox")
          .header('cross-origin-resource-policy', 'cross-origin')
          .header('x-content-type-options', 'nosniff')
          .header('cache-control', 'public, max-age=31536000, immutable')
          .serializer((payload: unknown) => payload as string)
          .send(data)
      )
    },
  },
]

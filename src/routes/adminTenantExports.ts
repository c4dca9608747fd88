import { Readable } from 'node:stream'
import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import { tenantExportList } from '../../shared/api/tenantExports.ts'
import { originOf } from '../middleware/auth.ts'
import * as tenantExportService from '../services/tenantExportService.ts'
import { route, type Route } from './define.ts'

const tag = 'tenants'
const tenant = { in: 'object', kind: 'tenant' } as const

export const adminTenantExports: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}/export',
    operationId: 'getTenantExports',
    summary: 'List the exports of a tenant, newest first',
    tag,
    access: { permission: 'tenants:export', where: tenant },
    params: idParams,
    replies: { 200: tenantExportList },
    handler: async (ctx, { params }) => ({ body: await tenantExportService.list(ctx, params.id) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/tenants/{id}/export',
    operationId: 'startTenantExport',
    whileSuspended: true,
    stepUp: true,
    summary: 'Write everything that belongs to a tenant into a file',
    tag,
    access: { permission: 'tenants:export', where: tenant },
    params: idParams,
    body: z.strictObject({}),
    replies: { 202: tenantExportList },
    handler: async (ctx, { params }) => ({
      status: 202,
      body: await tenantExportService.start(ctx, params.id),
    }),
  }),
  {
    method: 'GET',
    path: '/api/admin/tenants/exports/{id}/file',
    operationId: 'downloadTenantExport',
    stepUp: true,
    summary: 'Download an export: gzip of JSON Lines',
    tag,
    access: { permission: 'tenants:export', where: { in: 'object', kind: 'tenantExport' } },
    params: idParams,
    replies: { 200: z.string() },
    raw: async (root, request, reply, identity, tenantId) => {
      const { id } = request.params as { id: string }
      const file = await tenantExportService.download(root, originOf(request, identity), tenantId, id)
      return reply
        .type('application/gzip')
        .header('content-length', String(file.bytes))
        .header('content-disposition', `attachment; filename="${file.name}"`)
        .serializer((payload: unknown) => payload as string)
        .send(Readable.from(file.chunks()))
    },
  },
]

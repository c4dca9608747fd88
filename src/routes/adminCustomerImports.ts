import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import {
  customerImport,
  customerImportList,
  customerImportUpload,
  IMPORT_BYTES,
} from '../../shared/api/customerFiles.ts'
import { originOf } from '../middleware/auth.ts'
import { fileOf } from '../middleware/validate.ts'
import * as customerService from '../services/customerService.ts'
import { route, type Route } from './define.ts'

const tag = 'customers'
const permission = 'customers:import'
const tenant = { in: 'object', kind: 'tenant' } as const
const upload = { in: 'object', kind: 'customerImport' } as const

/** Files of customers on their way in: upload, look at what they would do, import. */
export const adminCustomerImports: Route[] = [
  {
    method: 'POST',
    path: '/api/admin/tenants/{id}/customer-imports',
    operationId: 'uploadCustomerImport',
    summary: 'Upload a CSV file of customers (text/csv) and have it checked; nothing is changed yet',
    tag,
    access: { permission, where: tenant },
    takes: 'text/csv',
    params: idParams,
    query: customerImportUpload,
    replies: { 202: customerImport },
    raw: async (root, request, reply, identity, tenantId) => {
      const { name } = request.query as z.infer<typeof customerImportUpload>
      const origin = { ...originOf(request, identity), permission } as const
      const file = fileOf(request, reply, IMPORT_BYTES)
      const made = await customerService.uploadImport(root, origin, { tenantId, name }, file)
      return reply.code(202).header('location', `/api/admin/customer-imports/${made.id}`).send(made)
    },
  },
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}/customer-imports',
    operationId: 'getCustomerImports',
    summary: 'List the imports of a tenant, newest first',
    tag,
    access: { permission, where: tenant },
    params: idParams,
    replies: { 200: customerImportList },
    handler: async (ctx, { tenantId }) => ({ body: await customerService.listImports(ctx, tenantId) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/customer-imports/{id}',
    operationId: 'getCustomerImport',
    summary: 'Show an import: what its rows would do, or what they did',
    tag,
    access: { permission, where: upload },
    params: idParams,
    replies: { 200: customerImport },
    handler: async (ctx, { params, tenantId }) => ({
      body: await customerService.getImport(ctx, { tenantId, importId: params.id }),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/customer-imports/{id}/start',
    operationId: 'startCustomerImport',
    summary: 'Make and change the customers of a checked file',
    tag,
    access: { permission, where: upload },
    params: idParams,
    body: z.strictObject({}),
    replies: { 202: customerImport },
    handler: async (ctx, { params, tenantId }) => ({
      status: 202,
      body: await customerService.startImport(ctx, { tenantId, importId: params.id }),
      location: `/api/admin/customer-imports/${params.id}`,
    }),
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/customer-imports/{id}',
    operationId: 'discardCustomerImport',
    summary: 'Discard an uploaded file with everything that was read of it',
    tag,
    access: { permission, where: upload },
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params, tenantId }) => {
      await customerService.discardImport(ctx, { tenantId, importId: params.id })
      return { status: 204, body: null }
    },
  }),
]

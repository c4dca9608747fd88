import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import { customerData, customerExport } from '../../shared/api/customerFiles.ts'
import * as customerService from '../services/customerService.ts'
import { route, type Route } from './define.ts'

const tag = 'customers'
const csv = z.string().describe('A CSV file (text/csv)')

/** Customers as files: out, in, and everything about one of them. */
export const adminCustomerFiles: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/customers/export',
    operationId: 'exportCustomers',
    summary: 'Download customers as CSV, filtered like the list',
    tag,
    access: { permission: 'customers:export', where: { in: 'list' } },
    query: customerExport,
    replies: { 200: csv },
    handler: async (ctx, { query }) => ({
      body: '',
      download: await customerService.exportCsv(ctx, query),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}/customer-template',
    operationId: 'getCustomerImportTemplate',
    summary: 'Download an empty CSV file with the columns of a tenant',
    tag,
    access: { permission: 'customers:import', where: { in: 'object', kind: 'tenant' } },
    params: idParams,
    replies: { 200: csv },
    handler: async (ctx, { tenantId }) => ({
      body: '',
      download: await customerService.importTemplate(ctx, tenantId),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/customers/{id}/export',
    operationId: 'exportCustomerData',
    summary: 'Download everything that is held about a customer',
    tag,
    access: { permission: 'customers:export', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    replies: { 200: customerData },
    handler: async (ctx, { params, tenantId }) => {
      const body = await customerService.exportData(ctx, tenantId, params.id)
      return { body, filename: `${body.customer.name}.json` }
    },
  }),
]

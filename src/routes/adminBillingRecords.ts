import {
  billingRecordInvoice,
  billingRecordList,
  billingRecordRun,
  billingRecordRunCreate,
  billingRecordRunList,
  billingRecordRunStarted,
  billingRecordService,
} from '../../shared/api/billingRecords.ts'
import { idParams, page } from '../../shared/api/common.ts'
import * as recordService from '../services/billingRecordService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const PATH = '/api/admin/billing'
const read = { permission: 'billing:read', where: { in: 'list' } } as const

/** The books of a provider that keeps its own. */
export const adminBillingRecords: Route[] = [
  route({
    method: 'POST',
    path: `${PATH}/providers/{id}/record-runs`,
    operationId: 'startBillingRecordRun',
    summary: 'Read all books of a provider, to compare them or to take over what is new',
    tag,
    access: { permission: 'billing:manage', where: { in: 'object', kind: 'billingProvider' } },
    params: idParams,
    body: billingRecordRunCreate,
    replies: { 202: billingRecordRunStarted },
    handler: async (ctx, { params, body }) => {
      const started = await recordService.beginRun(ctx, params.id, body.mode)
      return { status: 202, body: started, location: `/api/admin/provisioning/jobs/${started.job.id}` }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/record-runs`,
    operationId: 'listBillingRecordRuns',
    summary: 'List when the books of providers were read, and what came of it',
    tag,
    access: read,
    query: billingRecordRunList,
    replies: { 200: page(billingRecordRun) },
    handler: async (ctx, { query: { providerId, ...options } }) => ({
      body: await recordService.listRuns(ctx, { providerId }, options),
    }),
  }),
  route({
    method: 'GET',
    path: `${PATH}/record-invoices`,
    operationId: 'listBillingRecordInvoices',
    summary: 'List the invoices that a provider keeps',
    tag,
    access: read,
    query: billingRecordList,
    replies: { 200: page(billingRecordInvoice) },
    handler: async (ctx, { query: { providerId, customerId, ...options } }) => ({
      body: await recordService.listRecordInvoices(ctx, { providerId, customerId }, options),
    }),
  }),
  route({
    method: 'GET',
    path: `${PATH}/record-services`,
    operationId: 'listBillingRecordServices',
    summary: 'List what a provider sells by its own books',
    tag,
    access: read,
    query: billingRecordList,
    replies: { 200: page(billingRecordService) },
    handler: async (ctx, { query: { providerId, customerId, ...options } }) => ({
      body: await recordService.listRecordServices(ctx, { providerId, customerId }, options),
    }),
  }),
]

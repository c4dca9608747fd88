import {
  billingFinding,
  billingFindingIgnore,
  billingFindingList,
  billingReconciliation,
  billingReconciliationCreate,
  billingReconciliationStarted,
} from '../../shared/api/billingFindings.ts'
import { idParams, listQuery, page } from '../../shared/api/common.ts'
import * as findingService from '../services/billingFindingService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const PATH = '/api/admin/billing'
const read = { permission: 'billing:read', where: { in: 'list' } } as const

/** Where books, contracts and payment providers disagree. */
export const adminBillingFindings: Route[] = [
  route({
    method: 'GET',
    path: `${PATH}/findings`,
    operationId: 'listBillingFindings',
    summary: 'List where books, contracts and payment providers disagree, with what to do about it',
    tag,
    access: read,
    query: billingFindingList,
    replies: { 200: page(billingFinding) },
    handler: async (ctx, { query: { state, kind, ...options } }) => ({
      body: await findingService.listFindings(ctx, { state, kind }, options),
    }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/findings/{id}/ignore`,
    operationId: 'ignoreBillingFinding',
    summary: 'Say that a difference is known; it is told again when it changes',
    tag,
    access: { permission: 'billing:manage', where: { in: 'object', kind: 'billingFinding' } },
    params: idParams,
    body: billingFindingIgnore,
    replies: { 200: billingFinding },
    handler: async (ctx, { params, body, tenantId }) => ({
      body: await findingService.ignoreFinding(ctx, tenantId, params.id, body),
    }),
  }),
  route({
    method: 'GET',
    path: `${PATH}/reconciliations`,
    operationId: 'listBillingReconciliations',
    summary: 'List when the books of tenants were compared, and what could not be read',
    tag,
    access: read,
    query: listQuery,
    replies: { 200: page(billingReconciliation) },
    handler: async (ctx, { query }) => ({ body: await findingService.listReconciliations(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/reconciliations`,
    operationId: 'startBillingReconciliation',
    summary: 'Compare the books of a tenant now; it is done once a night anyway',
    tag,
    access: { permission: 'billing:manage', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    body: billingReconciliationCreate,
    replies: { 202: billingReconciliationStarted },
    handler: async (ctx, { body: { tenantId } }) => {
      const body = await findingService.beginReconciliation(ctx, tenantId)
      return { status: 202, body, location: `/api/admin/provisioning/jobs/${body.job.id}` }
    },
  }),
]

import { disputeList, disputeView } from '../../shared/api/billingDisputes.ts'
import { page } from '../../shared/api/common.ts'
import * as collection from '../services/billingCollectionService.ts'
import { route, type Route } from './define.ts'

/** Payments that the banks of customers take back. They are answered at the provider. */
export const adminBillingDisputes: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/billing/disputes',
    operationId: 'listDisputes',
    summary: 'List disputed payments, with what they cost and until when evidence is taken',
    tag: 'billing',
    access: { permission: 'billing:read', where: { in: 'list' } },
    query: disputeList,
    replies: { 200: page(disputeView) },
    handler: async (ctx, { query: { open, ...options } }) => ({
      body: await collection.listDisputes(ctx, { open }, options),
    }),
  }),
]

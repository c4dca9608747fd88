import { z } from 'zod'
import { invoice, subscription } from '../../shared/api/billing.ts'
import { changePreview, changePreviewBody, subscriptionChange } from '../../shared/api/billingChanges.ts'
import { idParams } from '../../shared/api/common.ts'
import { job } from '../../shared/api/provisioning.ts'
import * as BillingService from '../services/BillingService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const PATH = '/api/admin/billing/subscriptions/{id}'
const access = {
  permission: 'subscriptions:write',
  where: { in: 'object', kind: 'subscription' },
} as const

/** Another plan or price. What is shown is what is charged. */
export const adminSubscriptionChanges: Route[] = [
  route({
    method: 'POST',
    path: `${PATH}/preview`,
    operationId: 'previewSubscriptionChange',
    summary:
      'Show to the cent what another plan or price comes to, with a token that carries out exactly that',
    tag,
    access,
    params: idParams,
    body: changePreviewBody,
    replies: { 200: changePreview },
    handler: async (ctx, { params, body, tenantId }) => ({
      body: await BillingService.previewChange(ctx, tenantId, params.id, body),
    }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/change`,
    operationId: 'changeSubscription',
    summary: 'Carry out what a preview has shown, or nothing',
    tag,
    notWhileImpersonating: true,
    access,
    params: idParams,
    body: subscriptionChange,
    replies: { 202: z.object({ subscription, invoice: invoice.nullable(), job: job.nullable() }) },
    handler: async (ctx, { params, body, tenantId }) => {
      const changed = await BillingService.change(ctx, tenantId, params.id, body)
      const location = changed.job === null ? undefined : `/api/admin/provisioning/jobs/${changed.job.id}`
      return { status: 202, body: changed, location }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/change`,
    operationId: 'cancelSubscriptionChange',
    summary: 'Take a planned change back',
    tag,
    access,
    params: idParams,
    replies: { 200: subscription },
    handler: async (ctx, { params, tenantId }) => {
      const body = await BillingService.cancelChange(ctx, tenantId, params.id)
      return { body, version: body.version }
    },
  }),
]

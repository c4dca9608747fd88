import { z } from 'zod'
import { id } from '../../shared/api/common.ts'
import * as collection from '../services/billingCollectionService.ts'
import type { Route } from './define.ts'

const query = z.strictObject({ provider: id.optional() })
const whmcsQuery = z.strictObject({ provider: id })

/** Messages of outside systems. Who sends one proves it by a signature of the very bytes that came. */
export const webhookRoutes: Route[] = [
  {
    method: 'POST',
    path: '/api/webhooks/stripe',
    operationId: 'receiveStripeEvent',
    summary: 'Take a message of Stripe; without a provider it is about the platform’s',
    tag: 'billing',
    access: 'public',
    signed: true,
    query,
    replies: { 200: z.object({ received: z.boolean() }) },
    raw: async (root, request) => {
      const { provider } = request.query as z.infer<typeof query>
      const signature = request.headers['stripe-signature']
      await collection.receive(root, request.id, {
        kind: 'stripe',
        providerId: provider ?? null,
        body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
        signature: typeof signature === 'string' ? signature : undefined,
      })
      return { received: true }
    },
  },
  {
    method: 'POST',
    path: '/api/webhooks/whmcs',
    operationId: 'receiveWhmcsHook',
    summary: 'Take a message of the hook file in a WHMCS',
    tag: 'billing',
    access: 'public',
    signed: true,
    query: whmcsQuery,
    replies: { 200: z.object({ received: z.boolean() }) },
    raw: async (root, request) => {
      const { provider } = request.query as z.infer<typeof whmcsQuery>
      const signature = request.headers['x-mpanel-signature']
      await collection.receive(root, request.id, {
        kind: 'whmcs',
        providerId: provider,
        body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
        signature: typeof signature === 'string' ? signature : undefined,
      })
      return { received: true }
    },
  },
]

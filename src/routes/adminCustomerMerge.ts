import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import {
  closeBody,
  closing,
  eraseBody,
  mergeBody,
  mergePreview,
  mergeQuery,
} from '../../shared/api/customerMerge.ts'
import { customer } from '../../shared/api/customers.ts'
import { requirePermission } from '../middleware/rbac.ts'
import * as customerService from '../services/customerService.ts'
import { requireUnlimited } from './authLimits.ts'
import { route, type Route } from './define.ts'

const tag = 'customers'
const nothing = z.strictObject({})

/** How customers come together and end. */
export const adminCustomerMerge: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/customers/{id}/merge',
    operationId: 'previewCustomerMerge',
    summary: 'Show what merging another customer into this one would move and change',
    tag,
    access: { permission: 'customers:merge', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    query: mergeQuery,
    replies: { 200: mergePreview },
    handler: async (ctx, { params, query, identity, tenantId }) => {
      requireUnlimited(identity)
      return { body: await customerService.previewMerge(ctx, tenantId, params.id, query.from) }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/customers/{id}/merge',
    operationId: 'mergeCustomer',
    summary: 'Merge another customer into this one, as the preview with this token showed it',
    tag,
    access: { permission: 'customers:merge', where: { in: 'object', kind: 'customer' } },
    notWhileImpersonating: true,
    params: idParams,
    body: mergeBody,
    replies: { 200: customer },
    handler: async (ctx, { params, body, identity, tenantId }) => {
      requireUnlimited(identity)
      const merged = await customerService.merge(ctx, tenantId, params.id, body)
      return { body: merged, version: merged.version }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/customers/{id}/close',
    operationId: 'closeCustomer',
    summary: 'Close a customer, or show what that would end and what prevents it',
    tag,
    access: { permission: 'customers:close', where: { in: 'object', kind: 'customer' } },
    notWhileImpersonating: true,
    params: idParams,
    body: closeBody,
    replies: { 200: closing },
    handler: async (ctx, { params, body, identity, tenantId }) => {
      // A role of a tenant's own may close customers without having a say over subscriptions.
      if (body.cancelSubscriptions) {
        requireUnlimited(identity)
        requirePermission(identity, 'subscriptions:write', tenantId)
      }
      return { body: await customerService.close(ctx, tenantId, params.id, body) }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/customers/{id}/reopen',
    operationId: 'reopenCustomer',
    summary: 'Open a closed customer again',
    tag,
    access: { permission: 'customers:close', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    body: nothing,
    replies: { 200: customer },
    handler: async (ctx, { params, tenantId }) => {
      const opened = await customerService.reopen(ctx, tenantId, params.id)
      return { body: opened, version: opened.version }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/customers/{id}/erase',
    operationId: 'eraseCustomer',
    summary: 'Erase the personal data of a closed customer; invoices stay',
    tag,
    access: { permission: 'customers:close', where: { in: 'object', kind: 'customer' } },
    stepUp: true,
    params: idParams,
    body: eraseBody,
    replies: { 200: customer },
    handler: async (ctx, { params, body, tenantId }) => {
      const erased = await customerService.erase(ctx, tenantId, params.id, body.reason)
      return { body: erased, version: erased.version }
    },
  }),
]

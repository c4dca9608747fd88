import {
  coupon,
  couponCreate,
  couponList,
  couponUpdate,
  orderPreview,
  orderPreviewQuery,
} from '../../shared/api/billingCoupons.ts'
import { idParams, page } from '../../shared/api/common.ts'
import * as BillingService from '../services/BillingService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const COUPONS = '/api/admin/billing/coupons'

/** Discounts that orders redeem, and what an order comes to with them. */
export const adminBillingCoupons: Route[] = [
  route({
    method: 'GET',
    path: COUPONS,
    operationId: 'listCoupons',
    summary: 'List coupons, and how often they were redeemed',
    tag,
    access: { permission: 'billing:read', where: { in: 'list' } },
    query: couponList,
    replies: { 200: page(coupon) },
    handler: async (ctx, { query }) => ({ body: await BillingService.listCoupons(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: COUPONS,
    operationId: 'createCoupon',
    summary: 'Add a coupon: a share or an amount off the price, for some periods or all',
    tag,
    access: { permission: 'billing:manage', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    body: couponCreate,
    replies: { 201: coupon },
    handler: async (ctx, { body: asked }) => {
      const body = await BillingService.createCoupon(ctx, asked)
      return { status: 201, body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${COUPONS}/{id}`,
    operationId: 'updateCoupon',
    summary: 'Change how long and how often a coupon can be redeemed, or take it out',
    tag,
    access: { permission: 'billing:manage', where: { in: 'object', kind: 'coupon' } },
    params: idParams,
    body: couponUpdate,
    replies: { 200: coupon },
    versioned: true,
    handler: async (ctx, { params, body: change, ifMatch, tenantId }) => {
      const body = await BillingService.updateCoupon(ctx, tenantId, params.id, change, ifMatch)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/customers/{id}/order-preview',
    operationId: 'getOrderPreview',
    summary: 'Show to the cent what an order of a customer comes to, with a coupon, a trial and tax',
    tag,
    access: { permission: 'subscriptions:write', where: { in: 'object', kind: 'customer' } },
    params: idParams,
    query: orderPreviewQuery,
    replies: { 200: orderPreview },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: await BillingService.previewOrder(ctx, tenantId, params.id, query),
    }),
  }),
]

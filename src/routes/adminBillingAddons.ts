import { addon, addonCreate, addonList, addonUpdate } from '../../shared/api/billingAddons.ts'
import { idParams, page } from '../../shared/api/common.ts'
import * as BillingService from '../services/BillingService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const ADDONS = '/api/admin/billing/addons'

/** What is sold beside plans. */
export const adminBillingAddons: Route[] = [
  route({
    method: 'GET',
    path: ADDONS,
    operationId: 'listAddons',
    summary: 'List add-ons with their prices',
    tag,
    access: { permission: 'plans:read', where: { in: 'list' } },
    query: addonList,
    replies: { 200: page(addon) },
    handler: async (ctx, { query }) => ({ body: await BillingService.listAddons(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: ADDONS,
    operationId: 'createAddon',
    summary: 'Add an add-on with its prices, for all tenants or for one',
    tag,
    access: { permission: 'plans:create', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    body: addonCreate,
    replies: { 201: addon },
    handler: async (ctx, { body: asked }) => {
      const body = await BillingService.createAddon(ctx, asked)
      return { status: 201, body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${ADDONS}/{id}`,
    operationId: 'updateAddon',
    summary: 'Take an add-on out, or sell it again; who has it keeps it',
    tag,
    access: { permission: 'plans:create', where: { in: 'object', kind: 'addon' } },
    params: idParams,
    body: addonUpdate,
    replies: { 200: addon },
    versioned: true,
    handler: async (ctx, { params, body: change, ifMatch }) => {
      const body = await BillingService.updateAddon(ctx, params.id, change, ifMatch)
      return { body, version: body.version }
    },
  }),
]

import { idParams } from '../../shared/api/common.ts'
import { quotaUpdate, quotaView, settingList, settingsUpdate } from '../../shared/api/tenants.ts'
import * as cloudPodQuotas from '../services/cloudPodQuotas.ts'
import * as settingsService from '../services/tenantSettingsService.ts'
import { route, type Route } from './define.ts'

const tag = 'tenants'
const tenant = { in: 'object', kind: 'tenant' } as const

export const adminTenantSettings: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/tenants/settings',
    operationId: 'getPlatformSettings',
    summary: 'Show the settings that every tenant inherits',
    tag,
    access: { permission: 'tenants:settings', where: { in: 'platform' } },
    replies: { 200: settingList },
    handler: async (ctx) => ({ body: await settingsService.list(ctx, null) }),
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/tenants/settings',
    operationId: 'updatePlatformSettings',
    summary: 'Change the settings that every tenant inherits; null resets to the default',
    tag,
    access: { permission: 'tenants:settings', where: { in: 'platform' } },
    body: settingsUpdate,
    replies: { 200: settingList },
    handler: async (ctx, { body }) => ({ body: await settingsService.update(ctx, null, body, true) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}/settings',
    operationId: 'getTenantSettings',
    summary: 'Show the settings of a tenant, each with where it comes from',
    tag,
    access: { permission: 'tenants:read', where: tenant },
    params: idParams,
    replies: { 200: settingList },
    handler: async (ctx, { params }) => ({ body: await settingsService.list(ctx, params.id) }),
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/tenants/{id}/settings',
    operationId: 'updateTenantSettings',
    whileSuspended: true,
    summary: 'Change settings of a tenant; null resets to the inherited value',
    tag,
    access: { permission: 'tenants:settings', where: tenant },
    params: idParams,
    body: settingsUpdate,
    replies: { 200: settingList },
    handler: async (ctx, { params, body, identity }) => ({
      body: await settingsService.update(ctx, params.id, body, identity.platform.has('tenants:settings')),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}/quotas',
    operationId: 'getTenantQuota',
    summary: 'Show the limits of a tenant with their use',
    tag,
    access: { permission: 'tenants:read', where: tenant },
    params: idParams,
    replies: { 200: quotaView },
    handler: async (ctx, { params }) => ({ body: await cloudPodQuotas.view(ctx, params.id) }),
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/tenants/{id}/quotas',
    operationId: 'updateTenantQuota',
    whileSuspended: true,
    summary: 'Change limits of a tenant; null gives the default again',
    tag,
    access: { permission: 'tenants:create', where: tenant },
    params: idParams,
    body: quotaUpdate,
    replies: { 200: quotaView },
    handler: async (ctx, { params, body }) => ({ body: await cloudPodQuotas.update(ctx, params.id, body) }),
  }),
]

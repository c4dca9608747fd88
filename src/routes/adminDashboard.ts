import { dashboard, dashboardQuery } from '../../shared/api/dashboard.ts'
import { setup, setupUpdate } from '../../shared/api/dashboardSetup.ts'
import * as dashboardService from '../services/dashboardService.ts'
import * as dashboardSetupService from '../services/dashboardSetupService.ts'
import { route, type Route } from './define.ts'

const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

export const adminDashboard: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/dashboard',
    operationId: 'getDashboard',
    summary: 'Count customers, subscriptions, CloudPods, jobs and what needs attention',
    tag: 'dashboard',
    // Each part is of the tenants where the caller may read it; whoever may read nothing gets nothing.
    access: 'authenticated',
    query: dashboardQuery,
    replies: { 200: dashboard },
    handler: async (ctx, { query, identity }) => ({
      body: await dashboardService.get(ctx, identity, query.tenantId),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/setup',
    operationId: 'getSetup',
    summary: 'Say which outside systems are connected, simulated or missing',
    tag: 'dashboard',
    access: manage,
    replies: { 200: setup },
    handler: async (ctx) => ({ body: await dashboardSetupService.get(ctx) }),
  }),
  route({
    method: 'PUT',
    path: '/api/admin/setup',
    operationId: 'updateSetup',
    summary: 'Take the set-up guide off the dashboard, or bring it back',
    tag: 'dashboard',
    access: manage,
    body: setupUpdate,
    replies: { 200: setup },
    handler: async (ctx, { body }) => ({ body: await dashboardSetupService.dismiss(ctx, body.dismissed) }),
  }),
]

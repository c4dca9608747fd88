import { dashboard, dashboardQuery } from '../../shared/api/dashboard.ts'
import * as dashboardService from '../services/dashboardService.ts'
import { route, type Route } from './define.ts'

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
]

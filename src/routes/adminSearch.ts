import { searchAnswer, searchQuery } from '../../shared/api/search.ts'
import * as searchService from '../services/searchService.ts'
import { route, type Route } from './define.ts'

export const adminSearch: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/search',
    operationId: 'search',
    summary:
      'Search customers, CloudPods, subscriptions, invoices, domains, zones, certificates, jobs, findings, tenants and users by one text',
    tag: 'search',
    // Each type is limited to the tenants where the caller may read it; whoever may read nothing finds nothing.
    access: 'authenticated',
    query: searchQuery,
    replies: { 200: searchAnswer },
    handler: async (ctx, { query, identity }) => ({ body: await searchService.find(ctx, identity, query) }),
  }),
]

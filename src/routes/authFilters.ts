import { z } from 'zod'
import { savedFilter, savedFilterCreate } from '../../shared/api/authFilters.ts'
import { idParams } from '../../shared/api/common.ts'
import * as authService from '../services/authService.ts'
import { route, type Route } from './define.ts'

const tag = 'auth'

/** Filters of lists that the caller has given a name. */
export const authFilters: Route[] = [
  route({
    method: 'GET',
    path: '/api/auth/filters',
    operationId: 'getSavedFilters',
    summary: 'Show the own saved filters',
    tag,
    access: 'authenticated',
    replies: { 200: z.object({ items: z.array(savedFilter) }) },
    handler: async (ctx, { identity }) => ({ body: await authService.listFilters(ctx, identity) }),
  }),
  route({
    method: 'POST',
    path: '/api/auth/filters',
    operationId: 'saveFilter',
    summary: 'Save a filter of a list; an own one of the same name takes the new filter',
    tag,
    access: 'authenticated',
    body: savedFilterCreate,
    replies: { 201: savedFilter },
    handler: async (ctx, { identity, body }) => ({
      status: 201,
      body: await authService.saveFilter(ctx, identity, body),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/api/auth/filters/{id}',
    operationId: 'removeSavedFilter',
    summary: 'Remove an own saved filter',
    tag,
    access: 'authenticated',
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { identity, params }) => {
      await authService.removeFilter(ctx, identity, params.id)
      return { status: 204, body: null }
    },
  }),
]

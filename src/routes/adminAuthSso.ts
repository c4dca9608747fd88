import { z } from 'zod'
import {
  ssoProvider,
  ssoProviderCreate,
  ssoProviderList,
  ssoProviderUpdate,
} from '../../shared/api/authSso.ts'
import { idParams, page } from '../../shared/api/common.ts'
import { transaction } from '../context.ts'
import { AppError } from '../errors.ts'
import { originOf } from '../middleware/auth.ts'
import { requirePermission, visibleScope } from '../middleware/rbac.ts'
import * as authService from '../services/authService.ts'
import * as tenantScopeService from '../services/tenantScopeService.ts'
import { route, type Route } from './define.ts'

const tag = 'sso'
const PATH = '/api/admin/sso-providers'
const PERMISSION = 'sso:manage'
const ofProvider = { permission: PERMISSION, where: { in: 'object', kind: 'ssoProvider' } } as const

/** Identity providers of tenants and of the platform. */
export const adminAuthSso: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listSsoProviders',
    summary: 'List identity providers for single sign-on',
    tag,
    access: { permission: PERMISSION, where: { in: 'list' } },
    query: ssoProviderList,
    replies: { 200: page(ssoProvider) },
    handler: async (ctx, { query }) => ({ body: await authService.listSsoProviders(ctx, query, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createSsoProvider',
    summary: 'Add an identity provider to a tenant, or (tenantId null) to the platform',
    tag,
    access: { permission: PERMISSION, where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    stepUp: true,
    body: ssoProviderCreate,
    replies: { 201: ssoProvider },
    handler: async (ctx, { identity, body }) => {
      const made = await authService.createSsoProvider(ctx, identity, body)
      return { status: 201, body: made, location: `${PATH}/${made.id}`, version: made.version }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getSsoProvider',
    summary: 'Show an identity provider',
    tag,
    access: ofProvider,
    params: idParams,
    replies: { 200: ssoProvider },
    handler: async (ctx, { params }) => {
      const found = await authService.getSsoProvider(ctx, params.id)
      return { body: found, version: found.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateSsoProvider',
    summary: 'Change an identity provider; enforcing leaves one owner out',
    tag,
    access: ofProvider,
    stepUp: true,
    params: idParams,
    body: ssoProviderUpdate,
    replies: { 200: ssoProvider },
    versioned: true,
    handler: async (ctx, { identity, params, body, ifMatch }) => {
      const changed = await authService.updateSsoProvider(ctx, identity, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    operationId: 'deleteSsoProvider',
    summary: 'Remove an identity provider and all connections to it',
    tag,
    access: ofProvider,
    stepUp: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await authService.deleteSsoProvider(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
  {
    method: 'POST',
    path: `${PATH}/{id}/check`,
    operationId: 'checkSsoProvider',
    summary: 'Read what an identity provider says of itself, and keep what is wrong with it',
    tag,
    // It calls the provider, which no transaction of the table may: the permission is asked for in `raw`.
    access: 'authenticated',
    params: idParams,
    perMinute: 10,
    replies: { 200: ssoProvider },
    raw: async (root, request, _reply, identity) => {
      if (!identity) throw new AppError('unauthenticated', 'Log in first.')
      const { id } = request.params as z.infer<typeof idParams>
      const origin = originOf(request, identity)
      return authService.checkSsoProvider(root, origin, id, () =>
        transaction(root, origin, visibleScope(identity), async (ctx) =>
          requirePermission(identity, PERMISSION, await tenantScopeService.ownerOf(ctx, 'ssoProvider', id)),
        ),
      )
    },
  },
]

import { z } from 'zod'
import {
  apiKey,
  apiKeyList,
  apiKeyRotate,
  madeApiKey,
  serviceAccount,
  serviceAccountCreate,
  serviceAccountUpdate,
  serviceKeyCreate,
} from '../../shared/api/apiKeys.ts'
import { idParams, listQuery, page } from '../../shared/api/common.ts'
import * as userAdminService from '../services/userAdminService.ts'
import { route, type Route } from './define.ts'

const tag = 'users'
const manage = (kind: 'apiKey' | 'serviceAccount') =>
  ({ permission: 'apikeys:manage', where: { in: 'object', kind } }) as const

const keys: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/users/api-keys',
    operationId: 'listApiKeys',
    summary: 'List the API keys that are bound to a tenant; on the platform all',
    tag,
    access: { permission: 'apikeys:read', where: { in: 'list' } },
    query: apiKeyList,
    replies: { 200: page(apiKey) },
    handler: async (ctx, { query }) => ({ body: await userAdminService.listKeys(ctx, query, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/users/api-keys/{id}/rotate',
    operationId: 'rotateApiKey',
    summary: 'Make a new key of a service account in place of an old one; it is shown once',
    tag,
    access: manage('apiKey'),
    stepUp: true,
    answersSecret: true,
    params: idParams,
    body: apiKeyRotate,
    replies: { 201: madeApiKey },
    handler: async (ctx, { params, body, identity }) => ({
      status: 201,
      body: await userAdminService.rotateServiceKey(ctx, identity, params.id, body.overlapHours),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/users/api-keys/{id}',
    operationId: 'revokeApiKey',
    summary: 'End an API key at once, whoever’s it is',
    tag,
    access: manage('apiKey'),
    whileSuspended: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await userAdminService.revokeKey(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
]

const accounts: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/users/service-accounts',
    operationId: 'listServiceAccounts',
    summary: 'List the users that are programs',
    tag,
    access: { permission: 'apikeys:read', where: { in: 'list' } },
    query: listQuery,
    replies: { 200: page(serviceAccount) },
    handler: async (ctx, { query }) => ({ body: await userAdminService.listServiceAccounts(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/users/service-accounts',
    operationId: 'createServiceAccount',
    summary: 'Make a user for a program, of a tenant or of the platform, with one role',
    tag,
    access: { permission: 'apikeys:manage', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    stepUp: true,
    body: serviceAccountCreate,
    replies: { 201: serviceAccount },
    handler: async (ctx, { body, identity }) => {
      const made = await userAdminService.createServiceAccount(ctx, identity, body)
      const location = `/api/admin/users/service-accounts/${made.id}`
      return { status: 201, body: made, location, version: made.version }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/users/service-accounts/{id}',
    operationId: 'getServiceAccount',
    summary: 'Show a service account',
    tag,
    access: { permission: 'apikeys:read', where: { in: 'object', kind: 'serviceAccount' } },
    params: idParams,
    replies: { 200: serviceAccount },
    handler: async (ctx, { params }) => {
      const found = await userAdminService.getServiceAccount(ctx, params.id)
      return { body: found, version: found.version }
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/users/service-accounts/{id}',
    operationId: 'updateServiceAccount',
    summary: 'Change or disable a service account; the keys of a disabled one are refused',
    tag,
    access: manage('serviceAccount'),
    params: idParams,
    body: serviceAccountUpdate,
    replies: { 200: serviceAccount },
    versioned: true,
    handler: async (ctx, { params, body, identity, ifMatch }) => {
      const changed = await userAdminService.updateServiceAccount(ctx, identity, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/users/service-accounts/{id}',
    operationId: 'deleteServiceAccount',
    summary: 'Remove a service account: its keys are revoked, its roles taken',
    tag,
    access: manage('serviceAccount'),
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params, identity }) => {
      await userAdminService.deleteServiceAccount(ctx, identity, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/users/service-accounts/{id}/api-keys',
    operationId: 'createServiceApiKey',
    summary: 'Make a key of a service account; it is shown once',
    tag,
    access: manage('serviceAccount'),
    stepUp: true,
    answersSecret: true,
    params: idParams,
    body: serviceKeyCreate,
    replies: { 201: madeApiKey },
    handler: async (ctx, { params, body, identity }) => ({
      status: 201,
      body: await userAdminService.createServiceKey(ctx, identity, params.id, body),
    }),
  }),
]

export const adminUserKeys: Route[] = [...keys, ...accounts]

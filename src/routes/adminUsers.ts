import { z } from 'zod'
import { ownList } from '../../shared/api/authAccount.ts'
import { idParams, page } from '../../shared/api/common.ts'
import {
  explainQuery,
  explanation,
  grantBody,
  role,
  roleCreate,
  roleList,
  roleUpdate,
  sessionEnd,
  user,
  userCreate,
  userList,
  userSession,
  userUpdate,
} from '../../shared/api/users.ts'
import * as userAdminService from '../services/userAdminService.ts'
import { route, type Route } from './define.ts'

const tag = 'users'
const inTenant = { in: 'body', field: 'tenantId', kind: 'tenant' } as const

const roles: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/users/roles',
    operationId: 'listRoles',
    summary: 'List built-in and custom roles with their permissions',
    tag,
    access: { permission: 'roles:read', where: { in: 'list' } },
    query: roleList,
    replies: { 200: page(role) },
    handler: async (ctx, { query }) => ({ body: await userAdminService.listRoles(ctx, query, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/users/roles',
    operationId: 'createRole',
    summary: 'Make a role of a tenant or of the platform, with permissions that one holds there',
    tag,
    access: { permission: 'roles:manage', where: inTenant },
    stepUp: true,
    body: roleCreate,
    replies: { 201: role },
    handler: async (ctx, { body, identity }) => {
      const made = await userAdminService.createRole(ctx, identity, body)
      return { status: 201, body: made, location: `/api/admin/users/roles/${made.id}`, version: made.version }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/users/roles/{id}',
    operationId: 'getRole',
    summary: 'Show a role',
    tag,
    access: { permission: 'roles:read', where: { in: 'any' } },
    params: idParams,
    replies: { 200: role },
    handler: async (ctx, { params }) => {
      const found = await userAdminService.getRole(ctx, params.id)
      return { body: found, version: found.version }
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/users/roles/{id}',
    operationId: 'updateRole',
    summary:
      'Change a custom role, or whether a role needs a second factor; it holds from the next request on',
    tag,
    access: { permission: 'roles:manage', where: { in: 'object', kind: 'role' } },
    stepUp: true,
    params: idParams,
    body: roleUpdate,
    replies: { 200: role },
    versioned: true,
    handler: async (ctx, { params, body, identity, ifMatch }) => {
      const changed = await userAdminService.updateRole(ctx, identity, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/users/roles/{id}',
    operationId: 'deleteRole',
    summary: 'Remove a custom role that nobody holds',
    tag,
    access: { permission: 'roles:manage', where: { in: 'object', kind: 'role' } },
    stepUp: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params, identity }) => {
      await userAdminService.deleteRole(ctx, identity, params.id)
      return { status: 204, body: null }
    },
  }),
]

const accounts: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/users',
    operationId: 'listUsers',
    summary: 'List or search users; of a tenant those who were granted something in it',
    tag,
    access: { permission: 'users:read', where: { in: 'list' } },
    query: userList,
    replies: { 200: page(user) },
    handler: async (ctx, { query }) => ({ body: await userAdminService.listUsers(ctx, query, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/users',
    operationId: 'createUser',
    summary: 'Add a person with a first password and one role',
    tag,
    access: { permission: 'users:manage', where: { in: 'platform' } },
    stepUp: true,
    body: userCreate,
    replies: { 201: user },
    handler: async (ctx, { body, identity }) => {
      const made = await userAdminService.createUser(ctx, identity, body)
      return { status: 201, body: made, location: `/api/admin/users/${made.id}`, version: made.version }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/users/{id}',
    operationId: 'getUser',
    summary: 'Show a user',
    tag,
    access: { permission: 'users:read', where: { in: 'any' } },
    params: idParams,
    replies: { 200: user },
    handler: async (ctx, { params }) => {
      const found = await userAdminService.getUser(ctx, params.id)
      return { body: found, version: found.version }
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/users/{id}',
    operationId: 'updateUser',
    summary: 'Change a name, or disable a user, which ends all sessions at once',
    tag,
    access: { permission: 'users:manage', where: { in: 'platform' } },
    stepUp: true,
    params: idParams,
    body: userUpdate,
    replies: { 200: user },
    versioned: true,
    handler: async (ctx, { params, body, identity, ifMatch }) => {
      const changed = await userAdminService.updateUser(ctx, identity, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/users/{id}/grants',
    operationId: 'grantRole',
    summary: 'Give a user a role, on the platform or in a tenant',
    tag,
    access: { permission: 'users:manage', where: inTenant },
    stepUp: true,
    params: idParams,
    body: grantBody,
    replies: { 200: user },
    handler: async (ctx, { params, body, identity }) => ({
      body: await userAdminService.changeGrant(ctx, identity, params.id, body, 'give'),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/users/{id}/grants',
    operationId: 'takeRole',
    summary: 'Take a role from a user',
    tag,
    access: { permission: 'users:manage', where: inTenant },
    stepUp: true,
    params: idParams,
    body: grantBody,
    replies: { 200: user },
    handler: async (ctx, { params, body, identity }) => ({
      body: await userAdminService.changeGrant(ctx, identity, params.id, body, 'take'),
    }),
  }),
]

const insight: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/users/{id}/sessions',
    operationId: 'listUserSessions',
    summary: 'List the sessions with which a user could act now',
    tag,
    access: { permission: 'users:manage', where: { in: 'platform' } },
    params: idParams,
    query: ownList,
    replies: { 200: page(userSession) },
    handler: async (ctx, { params, query }) => ({
      body: await userAdminService.listSessions(ctx, params.id, query),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/users/{id}/sessions',
    operationId: 'endUserSessions',
    summary: 'End one session of a user, or all',
    tag,
    access: { permission: 'users:manage', where: { in: 'platform' } },
    stepUp: true,
    params: idParams,
    body: sessionEnd,
    replies: { 204: z.null() },
    handler: async (ctx, { params, body, identity }) => {
      await userAdminService.endSessions(ctx, identity, params.id, body.sessionId)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/users/{id}/explain',
    operationId: 'explainPermission',
    summary: 'Why a user may do something, or may not',
    tag,
    access: { permission: 'users:read', where: { in: 'any' } },
    params: idParams,
    query: explainQuery,
    replies: { 200: explanation },
    handler: async (ctx, { params, query }) => ({
      body: await userAdminService.explain(ctx, params.id, query),
    }),
  }),
]

export const adminUsers: Route[] = [...roles, ...accounts, ...insight]

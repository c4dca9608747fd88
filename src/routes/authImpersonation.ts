import { z } from 'zod'
import { idParams, page } from '../../shared/api/common.ts'
import {
  impersonationBody,
  ownImpersonation,
  ownImpersonationList,
  viewAsBody,
} from '../../shared/api/impersonation.ts'
import * as userService from '../services/userService.ts'
import { route, type Route } from './define.ts'

const starting = { tag: 'users', sessionOnly: true, stepUp: true, answersSecret: true } as const

/** Acting under another name: a session of its own, from which one returns to one's own. */
export const authImpersonation: Route[] = [
  route({
    ...starting,
    method: 'POST',
    path: '/api/admin/users/{id}/impersonation',
    operationId: 'startImpersonation',
    summary: 'Act as a user of a tenant for half an hour; the session comes as a cookie',
    access: { permission: 'users:impersonate', where: { in: 'platform' } },
    params: idParams,
    body: impersonationBody,
    replies: { 204: z.null() },
    handler: async (ctx, { params, body, identity }) => ({
      status: 204,
      body: null,
      session: await userService.startImpersonation(ctx, identity, params.id, body),
    }),
  }),
  route({
    ...starting,
    method: 'POST',
    path: '/api/admin/users/{id}/view-as',
    operationId: 'startViewAs',
    summary: 'Look at the pages as a user of a tenant does, without changing anything',
    access: { permission: 'users:view-as', where: { in: 'platform' } },
    params: idParams,
    body: viewAsBody,
    replies: { 204: z.null() },
    handler: async (ctx, { params, body, identity }) => ({
      status: 204,
      body: null,
      session: await userService.startImpersonation(ctx, identity, params.id, { ...body, readOnly: true }),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/api/auth/impersonation',
    operationId: 'stopImpersonation',
    summary: 'Stop acting as somebody else; the own session comes back as a cookie',
    tag: 'auth',
    access: 'authenticated',
    sessionOnly: true,
    whileImpersonating: true,
    replies: { 204: z.null() },
    handler: async (ctx, { identity }) => ({
      status: 204,
      body: null,
      session: await userService.stopImpersonation(ctx, identity),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/auth/impersonations',
    operationId: 'listImpersonations',
    summary: 'When operators acted under the caller’s name, and why',
    tag: 'auth',
    access: 'authenticated',
    sessionOnly: true,
    query: ownImpersonationList,
    replies: { 200: page(ownImpersonation) },
    handler: async (ctx, { identity, query }) => ({
      body: await userService.listImpersonations(ctx, identity, query),
    }),
  }),
]

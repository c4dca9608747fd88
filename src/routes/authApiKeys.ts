import { z } from 'zod'
import {
  apiKey,
  apiKeyCreate,
  apiKeyRotate,
  apiKeyUpdate,
  madeApiKey,
  ownKeyList,
} from '../../shared/api/apiKeys.ts'
import { idParams, page } from '../../shared/api/common.ts'
import * as userService from '../services/userService.ts'
import { route, type Route } from './define.ts'

const common = { tag: 'auth', access: 'authenticated', sessionOnly: true } as const

/** The caller's own API keys. */
export const authApiKeys: Route[] = [
  route({
    ...common,
    method: 'GET',
    path: '/api/auth/api-keys',
    operationId: 'listOwnApiKeys',
    summary: 'List the own API keys, also those that have ended',
    query: ownKeyList,
    replies: { 200: page(apiKey) },
    handler: async (ctx, { identity, query }) => ({
      body: await userService.listOwnKeys(ctx, identity, query),
    }),
  }),
  route({
    ...common,
    method: 'POST',
    path: '/api/auth/api-keys',
    operationId: 'createOwnApiKey',
    summary: 'Make an API key of one’s own; it is shown once',
    stepUp: true,
    answersSecret: true,
    body: apiKeyCreate,
    replies: { 201: madeApiKey },
    handler: async (ctx, { identity, body }) => ({
      status: 201,
      body: await userService.createOwnKey(ctx, identity, body),
    }),
  }),
  route({
    ...common,
    method: 'PATCH',
    path: '/api/auth/api-keys/{id}',
    operationId: 'renameOwnApiKey',
    summary: 'Give an own API key another name',
    params: idParams,
    body: apiKeyUpdate,
    replies: { 200: apiKey },
    versioned: true,
    handler: async (ctx, { identity, params, body, ifMatch }) => {
      const changed = await userService.renameOwnKey(ctx, identity, params.id, body.name, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    ...common,
    method: 'POST',
    path: '/api/auth/api-keys/{id}/rotate',
    operationId: 'rotateOwnApiKey',
    summary: 'Make a new key in place of an own one, which works on for the overlap; it is shown once',
    stepUp: true,
    answersSecret: true,
    params: idParams,
    body: apiKeyRotate,
    replies: { 201: madeApiKey },
    handler: async (ctx, { identity, params, body }) => ({
      status: 201,
      body: await userService.rotateOwnKey(ctx, identity, params.id, body.overlapHours),
    }),
  }),
  route({
    ...common,
    method: 'DELETE',
    path: '/api/auth/api-keys/{id}',
    operationId: 'revokeOwnApiKey',
    summary: 'End an own API key at once',
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { identity, params }) => {
      await userService.revokeOwnKey(ctx, identity, params.id)
      return { status: 204, body: null }
    },
  }),
]

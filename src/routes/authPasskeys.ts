import { z } from 'zod'
import { mfaPending } from '../../shared/api/authAccount.ts'
import {
  ceremony,
  passkey,
  passkeyCreate,
  passkeyCreated,
  passkeyProof,
  passkeyRename,
} from '../../shared/api/authPasskeys.ts'
import { me } from '../../shared/api/auth.ts'
import { idParams } from '../../shared/api/common.ts'
import { originOf } from '../middleware/auth.ts'
import * as authService from '../services/authService.ts'
import { cookiesOf, sessionOf, renewCookie, welcome } from './authSession.ts'
import { route, type Route } from './define.ts'

const tag = 'auth'

/** Passkeys: the own ones, and coming in with one. */
export const authPasskeys: Route[] = [
  {
    method: 'POST',
    path: '/api/auth/passkey/options',
    operationId: 'beginPasskeyLogin',
    summary: 'Begin a log-in with a passkey and without a password',
    tag,
    access: 'public',
    perMinute: 30,
    replies: { 200: ceremony },
    raw: async (root, request) => authService.beginPasskeyLogin(root, originOf(request, undefined)),
  },
  {
    method: 'POST',
    path: '/api/auth/passkey',
    operationId: 'loginByPasskey',
    summary: 'Log in with a passkey, which counts as both steps; the session comes as a cookie',
    tag,
    access: 'public',
    body: passkeyProof,
    perMinute: 20,
    replies: { 200: me, 202: mfaPending },
    raw: async (root, request, reply) => {
      const given = request.body as z.infer<typeof passkeyProof>
      const { device } = cookiesOf(root, request)
      const session = await authService.loginByPasskey(root, originOf(request, undefined), given, device)
      return welcome(root, request, reply, session)
    },
  },
  {
    method: 'POST',
    path: '/api/auth/mfa/options',
    operationId: 'beginMfa',
    summary: 'Ask for a passkey as the second step of a pending log-in',
    tag,
    access: 'public',
    perMinute: 30,
    replies: { 200: ceremony },
    raw: async (root, request) =>
      authService.beginMfa(root, originOf(request, undefined), cookiesOf(root, request).session),
  },
  route({
    method: 'POST',
    path: '/api/auth/step-up/options',
    operationId: 'beginStepUp',
    summary: 'Ask for a passkey as a fresh proof',
    tag,
    access: 'authenticated',
    beforeEnrolment: true,
    sessionOnly: true,
    replies: { 200: ceremony },
    handler: async (ctx, { identity }) => ({
      body: await authService.beginStepUp(ctx, sessionOf(identity)),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/auth/passkeys',
    operationId: 'getPasskeys',
    summary: 'Show the own passkeys',
    tag,
    access: 'authenticated',
    beforeEnrolment: true,
    sessionOnly: true,
    replies: { 200: z.object({ items: z.array(passkey) }) },
    handler: async (ctx, { identity }) => ({ body: await authService.listPasskeys(ctx, identity) }),
  }),
  route({
    method: 'POST',
    path: '/api/auth/passkeys/options',
    operationId: 'beginPasskey',
    summary: 'Begin to add a passkey',
    tag,
    access: 'authenticated',
    beforeEnrolment: true,
    sessionOnly: true,
    stepUp: true,
    replies: { 200: ceremony },
    handler: async (ctx, { identity }) => ({
      body: await authService.beginPasskey(ctx, sessionOf(identity)),
    }),
  }),
  {
    method: 'POST',
    path: '/api/auth/passkeys',
    operationId: 'addPasskey',
    summary: 'Add a passkey; the first second factor comes with recovery codes, shown once',
    tag,
    access: 'authenticated',
    beforeEnrolment: true,
    sessionOnly: true,
    stepUp: true,
    answersSecret: true,
    body: passkeyCreate,
    perMinute: 20,
    replies: { 201: passkeyCreated },
    raw: async (root, request, reply, identity) => {
      const body = request.body as z.infer<typeof passkeyCreate>
      const origin = originOf(request, identity)
      const { made, session } = await authService.addPasskey(root, origin, sessionOf(identity), body)
      renewCookie(root, reply, session)
      return reply.code(201).send(made)
    },
  },
  route({
    method: 'PATCH',
    path: '/api/auth/passkeys/{id}',
    operationId: 'renamePasskey',
    summary: 'Rename an own passkey',
    tag,
    access: 'authenticated',
    sessionOnly: true,
    params: idParams,
    body: passkeyRename,
    replies: { 200: passkey },
    handler: async (ctx, { identity, params, body }) => ({
      body: await authService.renamePasskey(ctx, identity, params.id, body.name),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/api/auth/passkeys/{id}',
    operationId: 'removePasskey',
    summary: 'Remove an own passkey',
    tag,
    access: 'authenticated',
    sessionOnly: true,
    stepUp: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { identity, params }) => {
      await authService.removePasskey(ctx, identity, params.id)
      return { status: 204, body: null }
    },
  }),
]

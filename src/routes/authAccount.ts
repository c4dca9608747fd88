import { z } from 'zod'
import {
  codeBody,
  languageChoice,
  loginEntry,
  mfaState,
  ownList,
  ownSession,
  passwordChange,
  recoveryCodes,
  sessionsEnded,
  stepUpBody,
  totpEnrolment,
} from '../../shared/api/authAccount.ts'
import { idParams, page } from '../../shared/api/common.ts'
import { originOf } from '../middleware/auth.ts'
import * as authService from '../services/authService.ts'
import { sessionOf, renewCookie } from './authSession.ts'
import { route, type Route } from './define.ts'

/** What people do about their own log-in. */
export const authAccount: Route[] = [
  route({
    method: 'GET',
    path: '/api/auth/mfa',
    operationId: 'getMfa',
    summary: 'Which second factors the caller has',
    tag: 'auth',
    access: 'authenticated',
    beforeEnrolment: true,
    sessionOnly: true,
    replies: { 200: mfaState },
    handler: async (ctx, { identity }) => ({ body: await authService.state(ctx, identity.user.id) }),
  }),
  route({
    method: 'POST',
    path: '/api/auth/mfa/totp',
    operationId: 'enrolTotp',
    summary: 'Make a secret for an authenticator app; shown once, counts when confirmed',
    tag: 'auth',
    access: 'authenticated',
    beforeEnrolment: true,
    sessionOnly: true,
    stepUp: true,
    answersSecret: true,
    replies: { 200: totpEnrolment },
    handler: async (ctx, { identity }) => ({ body: await authService.enrolTotp(ctx, identity) }),
  }),
  route({
    method: 'POST',
    path: '/api/auth/mfa/totp/confirm',
    operationId: 'confirmTotp',
    summary: 'Turn MFA on with a first code; answers the recovery codes, once',
    tag: 'auth',
    access: 'authenticated',
    beforeEnrolment: true,
    sessionOnly: true,
    answersSecret: true,
    body: codeBody,
    perMinute: 20,
    replies: { 200: recoveryCodes },
    handler: async (ctx, { identity, body }) => {
      const { session, ...codes } = await authService.confirmTotp(ctx, identity, body.code)
      return { body: codes, ...(session && { session }) }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/auth/mfa/totp',
    operationId: 'disableTotp',
    summary: 'Turn MFA off: removes the authenticator app and the recovery codes',
    tag: 'auth',
    access: 'authenticated',
    sessionOnly: true,
    stepUp: true,
    replies: { 204: z.null() },
    handler: async (ctx, { identity }) => {
      await authService.disableTotp(ctx, identity)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/mfa/recovery-codes',
    operationId: 'regenerateRecoveryCodes',
    summary: 'Replace the recovery codes; the new ones are shown once',
    tag: 'auth',
    access: 'authenticated',
    sessionOnly: true,
    stepUp: true,
    answersSecret: true,
    replies: { 200: recoveryCodes },
    handler: async (ctx, { identity }) => ({ body: await authService.regenerateCodes(ctx, identity) }),
  }),
  {
    method: 'POST',
    path: '/api/auth/password',
    operationId: 'changePassword',
    summary: 'Change the own password; ends all other sessions',
    tag: 'auth',
    access: 'authenticated',
    sessionOnly: true,
    body: passwordChange,
    perMinute: 10,
    replies: { 204: z.null() },
    raw: async (root, request, reply, identity) => {
      const body = request.body as z.infer<typeof passwordChange>
      const origin = originOf(request, identity)
      renewCookie(root, reply, await authService.changePassword(root, origin, sessionOf(identity), body))
      return reply.code(204).send(null)
    },
  },
  route({
    method: 'PUT',
    path: '/api/auth/language',
    operationId: 'chooseLanguage',
    summary: 'Choose the language of mails to the caller; null: that of who writes',
    tag: 'auth',
    access: 'authenticated',
    beforeEnrolment: true,
    sessionOnly: true,
    body: languageChoice,
    replies: { 204: z.null() },
    handler: async (ctx, { identity, body }) => {
      await authService.chooseLanguage(ctx, identity, body.language)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'GET',
    path: '/api/auth/sessions',
    operationId: 'listSessions',
    summary: 'List the own live sessions',
    tag: 'auth',
    access: 'authenticated',
    sessionOnly: true,
    query: ownList,
    replies: { 200: page(ownSession) },
    handler: async (ctx, { identity, query }) => ({
      body: await authService.listSessions(ctx, identity, query),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/api/auth/sessions',
    operationId: 'endOtherSessions',
    summary: 'End all own sessions but this one',
    tag: 'auth',
    access: 'authenticated',
    sessionOnly: true,
    replies: { 200: sessionsEnded },
    handler: async (ctx, { identity }) => ({
      body: { ended: await authService.endOtherSessions(ctx, identity) },
    }),
  }),
  route({
    method: 'DELETE',
    path: '/api/auth/sessions/{id}',
    operationId: 'endSession',
    summary: 'End one of the own sessions',
    tag: 'auth',
    access: 'authenticated',
    sessionOnly: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { identity, params }) => {
      await authService.endSession(ctx, identity, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'GET',
    path: '/api/auth/login-history',
    operationId: 'listLoginHistory',
    summary: 'List the own log-ins, also the refused ones',
    tag: 'auth',
    access: 'authenticated',
    sessionOnly: true,
    query: ownList,
    replies: { 200: page(loginEntry) },
    handler: async (ctx, { identity, query }) => ({
      body: await authService.listHistory(ctx, identity, query),
    }),
  }),
  {
    method: 'POST',
    path: '/api/auth/step-up',
    operationId: 'stepUp',
    summary: 'Prove anew who is logged in: with a code or a passkey, or the password without MFA',
    tag: 'auth',
    access: 'authenticated',
    beforeEnrolment: true,
    sessionOnly: true,
    body: stepUpBody,
    perMinute: 20,
    replies: { 204: z.null() },
    raw: async (root, request, reply, identity) => {
      const given = request.body as z.infer<typeof stepUpBody>
      const origin = originOf(request, identity)
      renewCookie(root, reply, await authService.stepUp(root, origin, sessionOf(identity), given))
      return reply.code(204).send(null)
    },
  },
]

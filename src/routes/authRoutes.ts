import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { loginBody, me, type Me } from '../../shared/api/auth.ts'
import { codeBody, mfaPending, type MfaPending } from '../../shared/api/authAccount.ts'
import { transaction, type Root } from '../context.ts'
import { deviceCookie, originOf, sessionCookie } from '../middleware/auth.ts'
import { visibleScope } from '../middleware/rbac.ts'
import * as authService from '../services/authService.ts'
import * as userService from '../services/userService.ts'
import { AppError } from '../errors.ts'
import { route, type Route } from './define.ts'

/** Hands out the cookie of a new session, and says who it is for, or what is still missing. */
async function welcome(
  root: Root,
  request: FastifyRequest,
  reply: FastifyReply,
  session: authService.OpenedSession,
): Promise<Me | MfaPending> {
  const { name, options } = sessionCookie(root.settings.publicUrl)
  void reply.setCookie(name, session.token, { ...options, expires: session.expiresAt })
  if (session.device === undefined) {
    void reply.code(202)
    return { mfaRequired: true }
  }
  const known = deviceCookie(root.settings.publicUrl)
  void reply.setCookie(known.name, session.device, {
    ...known.options,
    maxAge: authService.DEVICE_MS / 1000,
  })
  const identity = await userService.identifySession(root, session.token)
  if (!identity) throw new AppError('unauthenticated', 'The session ended before it began. Log in again.')
  return transaction(root, originOf(request, identity), visibleScope(identity), (ctx) =>
    userService.me(ctx, identity),
  )
}

export const authRoutes: Route[] = [
  {
    method: 'POST',
    path: '/api/auth/login',
    operationId: 'login',
    summary:
      'Log in with e-mail and password; the session comes as a cookie, a pending one if MFA is to follow',
    tag: 'auth',
    access: 'public',
    body: loginBody,
    perMinute: 20,
    replies: { 200: me, 202: mfaPending },
    raw: async (root, request, reply) => {
      const { email, password } = request.body as z.infer<typeof loginBody>
      const device = request.cookies[deviceCookie(root.settings.publicUrl).name]
      const origin = originOf(request, undefined)
      const session = await authService.login(root, origin, { email, password }, device)
      return welcome(root, request, reply, session)
    },
  },
  {
    method: 'POST',
    path: '/api/auth/mfa',
    operationId: 'verifyMfa',
    summary: 'Finish a pending log-in with a code; the session comes as a new cookie',
    tag: 'auth',
    access: 'public',
    body: codeBody,
    perMinute: 20,
    replies: { 200: me },
    raw: async (root, request, reply) => {
      const { code } = request.body as z.infer<typeof codeBody>
      const token = request.cookies[sessionCookie(root.settings.publicUrl).name] ?? ''
      const device = request.cookies[deviceCookie(root.settings.publicUrl).name]
      const origin = originOf(request, undefined)
      const session = await authService.verifyMfa(root, origin, { token, code, device })
      return welcome(root, request, reply, session)
    },
  },
  route({
    method: 'POST',
    path: '/api/auth/logout',
    operationId: 'logout',
    summary: 'End this session',
    tag: 'auth',
    access: 'authenticated',
    whileImpersonating: true,
    beforeEnrolment: true,
    replies: { 204: z.null() },
    handler: async (ctx, { identity }) => {
      await userService.logout(ctx, identity)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'GET',
    path: '/api/auth/me',
    operationId: 'getMe',
    summary: 'Who is logged in, and what they may do where',
    tag: 'auth',
    access: 'authenticated',
    forLimitedKeys: true,
    beforeEnrolment: true,
    replies: { 200: me },
    handler: async (ctx, { identity }) => ({ body: await userService.me(ctx, identity) }),
  }),
]

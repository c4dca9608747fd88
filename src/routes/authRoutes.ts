import { z } from 'zod'
import { loginBody, me } from '../../shared/api/auth.ts'
import { transaction } from '../context.ts'
import { originOf, requireSameOrigin, sessionCookie } from '../middleware/auth.ts'
import { visibleScope } from '../middleware/rbac.ts'
import * as userService from '../services/userService.ts'
import { AppError } from '../errors.ts'
import { route, type Route } from './define.ts'

export const authRoutes: Route[] = [
  {
    method: 'POST',
    path: '/api/auth/login',
    operationId: 'login',
    summary: 'Log in with e-mail and password; the session comes as a cookie',
    tag: 'auth',
    access: 'public',
    body: loginBody,
    perMinute: 20,
    replies: { 200: me },
    raw: async (root, request, reply) => {
      requireSameOrigin(request)
      const { email, password } = request.body as z.infer<typeof loginBody>
      const origin = originOf(request, undefined)
      const session = await userService.login(root, origin, { email, password })
      const identity = await userService.identifySession(root, session.token)
      if (!identity) throw new AppError('unauthenticated', 'The session ended before it began. Log in again.')
      const { name, options } = sessionCookie(root.settings.publicUrl)
      void reply.setCookie(name, session.token, { ...options, expires: session.expiresAt })
      return transaction(root, origin, visibleScope(identity), (ctx) => userService.me(ctx, identity))
    },
  },
  route({
    method: 'POST',
    path: '/api/auth/logout',
    operationId: 'logout',
    summary: 'End this session',
    tag: 'auth',
    access: 'authenticated',
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
    replies: { 200: me },
    handler: async (ctx, { identity }) => ({ body: await userService.me(ctx, identity) }),
  }),
]

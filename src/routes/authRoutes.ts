import { z } from 'zod'
import { loginBody, me } from '../../shared/api/auth.ts'
import { mfaBody, mfaPending } from '../../shared/api/authAccount.ts'
import { originOf } from '../middleware/auth.ts'
import * as authService from '../services/authService.ts'
import * as userService from '../services/userService.ts'
import { cookiesOf, welcome } from './authSession.ts'
import { route, type Route } from './define.ts'

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
      const { device } = cookiesOf(root, request)
      const origin = originOf(request, undefined)
      const session = await authService.login(root, origin, { email, password }, device)
      return welcome(root, request, reply, session)
    },
  },
  {
    method: 'POST',
    path: '/api/auth/mfa',
    operationId: 'verifyMfa',
    summary: 'Finish a pending log-in with a code or a passkey; the session comes as a new cookie',
    tag: 'auth',
    access: 'public',
    body: mfaBody,
    perMinute: 20,
    replies: { 200: me },
    raw: async (root, request, reply) => {
      const given = request.body as z.infer<typeof mfaBody>
      const { session: token, device } = cookiesOf(root, request)
      const origin = originOf(request, undefined)
      const session = await authService.verifyMfa(root, origin, { token, given, device })
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

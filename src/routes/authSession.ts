import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Me } from '../../shared/api/auth.ts'
import type { MfaPending } from '../../shared/api/authAccount.ts'
import { transaction, type Root } from '../context.ts'
import { AppError } from '../errors.ts'
import { deviceCookie, originOf, sessionCookie } from '../middleware/auth.ts'
import { visibleScope } from '../middleware/rbac.ts'
import * as authService from '../services/authService.ts'
import * as userService from '../services/userService.ts'
import type { Identity } from '../services/userService.ts'

/** What a browser brings along. */
export function cookiesOf(
  { settings }: Root,
  { cookies }: FastifyRequest,
): { session: string; device: string | undefined } {
  return {
    session: cookies[sessionCookie(settings.publicUrl).name] ?? '',
    device: cookies[deviceCookie(settings.publicUrl).name],
  }
}

/** Hands out the cookies of a new session. */
export function setCookies(root: Root, reply: FastifyReply, session: authService.OpenedSession): void {
  const { name, options } = sessionCookie(root.settings.publicUrl)
  void reply.setCookie(name, session.token, { ...options, expires: session.expiresAt })
  if (session.device === undefined) return
  const known = deviceCookie(root.settings.publicUrl)
  void reply.setCookie(known.name, session.device, {
    ...known.options,
    maxAge: authService.DEVICE_MS / 1000,
  })
}

/** Hands out the cookies, and says who the session is for, or what is still missing. */
export async function welcome(
  root: Root,
  request: FastifyRequest,
  reply: FastifyReply,
  session: authService.OpenedSession,
): Promise<Me | MfaPending> {
  setCookies(root, reply, session)
  if (session.device === undefined) {
    void reply.code(202)
    return { mfaRequired: true, methods: session.methods }
  }
  const identity = await userService.identifySession(root, session.token)
  if (!identity) throw new AppError('unauthenticated', 'The session ended before it began. Log in again.')
  return transaction(root, originOf(request, identity), visibleScope(identity), (ctx) =>
    userService.me(ctx, identity),
  )
}

/** Somebody in a session, with its id. @throws AppError unauthenticated for an API key */
export function sessionOf(identity: Identity | undefined): Identity & { sessionId: string } {
  if (!identity || identity.sessionId === null) throw new AppError('unauthenticated', 'Log in first.')
  return { ...identity, sessionId: identity.sessionId }
}

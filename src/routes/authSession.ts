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

/** Hands out the cookie of a session with a new token; undefined: the browser has it, or will have it, already. */
export function renewCookie(
  root: Root,
  reply: FastifyReply,
  session: authService.RenewedSession | undefined,
): void {
  if (session === undefined) return
  const { name, options } = sessionCookie(root.settings.publicUrl)
  void reply.setCookie(name, session.token, { ...options, expires: session.expiresAt })
}

/** Hands out the cookies of a new session, in whose place the browser had another one, which ends. */
export async function openCookies(
  root: Root,
  request: FastifyRequest,
  reply: FastifyReply,
  session: authService.OpenedSession,
): Promise<void> {
  await endReplaced(root, request)
  renewCookie(root, reply, session)
  if (session.device === undefined) return
  const known = deviceCookie(root.settings.publicUrl)
  void reply.setCookie(known.name, session.device, {
    ...known.options,
    maxAge: authService.DEVICE_MS / 1000,
  })
}

async function endReplaced(root: Root, request: FastifyRequest): Promise<void> {
  const { session: token } = cookiesOf(root, request)
  const former =
    token === '' ? undefined : await userService.identifySession(root, token, { asActivity: false })
  if (former)
    await transaction(root, originOf(request, former), visibleScope(former), (ctx) =>
      userService.logout(ctx, former),
    )
}

/** Hands out the cookies, and says who the session is for, or what is still missing. */
export async function welcome(
  root: Root,
  request: FastifyRequest,
  reply: FastifyReply,
  session: authService.OpenedSession,
): Promise<Me | MfaPending> {
  await openCookies(root, request, reply, session)
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

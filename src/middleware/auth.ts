import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyRequest } from 'fastify'
import type { Origin, Root } from '../context.ts'
import { AppError } from '../errors.ts'
import * as userService from '../services/userService.ts'
import type { Identity } from '../services/userService.ts'

/** `__Host-` binds the cookie to this host and to a secure connection; loopback counts as one in browsers. */
export function sessionCookie(publicUrl: string): { name: string; options: CookieSerializeOptions } {
  const { protocol, hostname } = new URL(publicUrl)
  const secure =
    protocol === 'https:' || hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]'
  return {
    name: secure ? '__Host-mpanel' : 'mpanel',
    options: { path: '/', httpOnly: true, secure, sameSite: 'lax' },
  }
}

/** What makes a browser known as one that has logged in before; it authorises nothing. */
export function deviceCookie(publicUrl: string): ReturnType<typeof sessionCookie> {
  const { name, options } = sessionCookie(publicUrl)
  return { name: `${name}-device`, options }
}

/**
 * Who sends this request, or undefined.
 * @throws AppError unauthenticated for credentials that are wrong, csrf_refused, malformed_request for two kinds at once
 */
export async function identify(
  root: Root,
  request: FastifyRequest,
  counts: { asActivity: boolean } = { asActivity: true },
): Promise<Identity | undefined> {
  const cookie = request.cookies[sessionCookie(root.settings.publicUrl).name]
  const authorization = request.headers.authorization
  if (authorization !== undefined) {
    if (cookie !== undefined)
      throw new AppError('malformed_request', 'Send either a session cookie or an API key, not both.')
    const token = /^Bearer (mp_\S{10,200})$/.exec(authorization)?.[1]
    const identity =
      token === undefined ? undefined : await userService.identifyApiKey(root, token, addressOf(request))
    if (!identity)
      throw new AppError(
        'unauthenticated',
        'The API key is unknown, expired, revoked or not allowed from here.',
      )
    return identity
  }
  if (cookie === undefined) return undefined
  requireSameOrigin(request)
  return userService.identifySession(root, cookie, counts)
}

/** Whose session a request brings along, though it was refused before that counted; undefined for nobody's. */
export const sessionBehind = async (root: Root, request: FastifyRequest): Promise<Identity | undefined> => {
  const cookie = request.cookies[sessionCookie(root.settings.publicUrl).name]
  return cookie === undefined ? undefined : userService.identifySession(root, cookie, { asActivity: false })
}

/**
 * Who sends a request that was let in and still goes on: a file that is being sent, an open console. It goes on with its
 * session, which may have another token meanwhile.
 * @throws AppError those of `identify`
 */
export const identifyAgain = (
  root: Root,
  request: FastifyRequest,
  { sessionId }: Pick<Identity, 'sessionId'>,
  counts: { asActivity: boolean },
): Promise<Identity | undefined> =>
  sessionId === null ? identify(root, request, counts) : userService.identifyAgain(root, sessionId, counts)

/**
 * Undefined once the caller has hung up: a closed socket has no address. A server on `::` shows IPv4 callers as
 * `::ffff:192.0.2.1`, which no IPv4 network would contain.
 */
const addressOf = ({ ip }: { ip?: string }): string | undefined => ip?.replace(/^::ffff:(?=\d+\.)/i, '')

const VERIFIED_MS = 10 * 60_000

/** For what a stolen session must not do. @throws AppError step_up_required for a session that was verified too long ago */
export function requireRecentProof({ verifiedAt }: Identity, now: Date): void {
  if (verifiedAt !== null && now.getTime() - verifiedAt.getTime() > VERIFIED_MS)
    throw new AppError(
      'step_up_required',
      'Prove that it is you: enter a code or your password, or go to your identity provider. Then repeat this.',
    )
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Cookies are sent along by browsers whoever asks, so a change must come from our own pages. @throws AppError csrf_refused */
export function requireSameOrigin(request: FastifyRequest): void {
  if (SAFE.has(request.method)) return
  const site = request.headers['sec-fetch-site']
  const origin = originHost(request.headers.origin)
  if (site !== undefined ? site === 'same-origin' : origin !== undefined && origin === request.headers.host)
    return
  throw new AppError('csrf_refused', 'This request does not come from the pages of this mPanel.')
}

/**
 * A WebSocket is opened by a GET that any page may send, with the cookie: only our own pages may. Programs with a key
 * send no origin. @throws AppError csrf_refused
 */
export function requireOwnOrigin({ headers }: FastifyRequest, { via }: Identity): void {
  const origin = originHost(headers.origin)
  if (origin === undefined ? headers.origin === undefined && via === 'api_key' : origin === headers.host)
    return
  throw new AppError('csrf_refused', 'This connection does not come from the pages of this mPanel.')
}

const originHost = (origin: string | undefined): string | undefined =>
  origin !== undefined && URL.canParse(origin) ? new URL(origin).host : undefined

/** Under which id the sender finds what this request leads to: his own, or that of the request. */
export function correlationOf(request: FastifyRequest): string {
  const given = request.headers['x-correlation-id']
  return typeof given === 'string' && /^[\w.-]{1,100}$/.test(given) ? given : request.id
}

/** Where a request comes from, as audit events and jobs keep it. */
export function originOf(request: FastifyRequest, identity: Identity | undefined): Origin {
  return {
    actor: identity?.actor ?? { type: 'anonymous', id: null, label: 'anonymous' },
    requestId: request.id,
    correlationId: correlationOf(request),
    ip: addressOf(request),
    userAgent: request.headers['user-agent']?.slice(0, 300),
    seesInfrastructure: identity?.platform.has('infrastructure:read') ?? false,
  }
}

import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { transaction, type Ctx, type Root } from '../context.ts'
import { AppError } from '../errors.ts'
import { attachment } from '../lib/download.ts'
import {
  identify,
  originOf,
  requireRecentProof,
  requireSameOrigin,
  sessionCookie,
} from '../middleware/auth.ts'
import { inTrace } from '../middleware/traces.ts'
import type { Limits } from '../middleware/rateLimit.ts'
import { recordDenial } from '../middleware/denials.ts'
import { requireEnrolled, visibleScope, type Rbac } from '../middleware/rbac.ts'
import { requireStorable, requireType } from '../middleware/validate.ts'
import * as idempotencyService from '../services/idempotencyService.ts'
import type { Answer } from '../services/idempotencyService.ts'
import * as provisioningClockService from '../services/provisioningClockService.ts'
import type { Identity } from '../services/userService.ts'
import { requireAboutOneThing, requireOwnName } from './authLimits.ts'
import { keepsAnswers, type Reply, type Route, type TableRoute } from './define.ts'
import { asksForCsv, csvRowOf, listAsCsv } from './registerCsv.ts'
import { narrowed } from './registerScope.ts'

const WITHOUT_HEAD = new Set([
  'exportAuditEvents',
  'exportCustomers',
  'fetchAgentCertificate',
  'openCloudPodConsole',
  'streamJobs',
])

const identities = new WeakMap<FastifyRequest, Identity>()
/**
 * Bodies of requests that have an Idempotency-Key, before a schema has filled in what was left out: a version that knows one field
 * more must take the repetition of a request for the same one.
 */
const asSent = new WeakMap<FastifyRequest, string>()

/** Puts one row of the route table on the server: documentation, authorisation, transaction, idempotency, answer. */
export function register(
  app: FastifyInstance,
  root: Root,
  route: Route,
  { limits, rbac }: { limits: Limits; rbac: Rbac },
): void {
  const ofOperation = route.perMinute === undefined ? undefined : limits.ofOperation(route.perMinute)
  app.route({
    method: route.method,
    url: route.path.replace(/\{(\w+)\}/g, ':$1'),
    schema: schemaOf(route),
    // A HEAD of a stream would stay open for nothing, or read a whole file, or take a key, to throw it away.
    exposeHeadRoute: !WITHOUT_HEAD.has(route.operationId),
    config: {
      ...(route.takes && { takes: route.takes }),
      ...(route.signed && { signed: true }),
    },
    onRequest: (request, reply) =>
      watched(root, route, request, async () => {
        if (!route.uncounted) await limits.ofAddress(request, reply)
        const identity = await authorise(root, route, request, rbac)
        await ofOperation?.(request, reply)
        if (identity && !route.uncounted) await limits.ofCaller(request, reply, identity)
        if (route.method !== 'GET') requireType(request, route.takes)
      }),
    preValidation: async (request) => {
      if (request.headers['idempotency-key'] !== undefined && keepsAnswers(route))
        asSent.set(request, JSON.stringify(request.body ?? null))
    },
    handler: (request, reply) =>
      inTrace(route, request, reply, () =>
        watched(root, route, request, async () => {
          requireStorable(request.query)
          if (!route.signed) requireStorable(request.body)
          const csvRow = 'raw' in route || !asksForCsv(request) ? undefined : csvRowOf(route)
          if (!('raw' in route) && csvRow !== undefined) {
            const download = await listAsCsv(root, route, csvRow, request, { me: identityOf(request), rbac })
            return send(root, reply, sentOf({ body: '', download }))
          }
          if (!('raw' in route))
            return send(root, reply, await run(root, route, request, identityOf(request), rbac))
          const identity = identities.get(request)
          const tenantId = await rawTenant(root, route, request, identity, rbac)
          return route.raw(root, request, reply, identity, tenantId)
        }),
      ),
  })
}

/** Does a part of a request, and writes down if its sender is refused. */
async function watched<T>(
  root: Root,
  route: Route,
  request: FastifyRequest,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await recordDenial(root, route, request, identities.get(request), error)
    throw error
  }
}

function schemaOf(route: Route): Record<string, unknown> {
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.tag],
    ...(typeof route.access === 'object' ? { 'x-permission': route.access.permission } : {}),
    ...(route.access === 'public' ? { security: [] } : {}),
    ...(route.params ? { params: route.params } : {}),
    ...(route.query ? { querystring: route.query } : {}),
    ...(route.body ? { body: route.body } : {}),
    response: route.replies,
  }
}

/** Before anything is parsed: who is it, and may they do this anywhere at all? */
async function authorise(
  root: Root,
  route: Route,
  request: FastifyRequest,
  rbac: Rbac,
): Promise<Identity | undefined> {
  if (route.signed) return undefined
  if (route.access === 'public') {
    // A cookie comes of these calls, so they are for our own pages, too.
    requireSameOrigin(request)
    return undefined
  }
  const identity = await identify(root, request)
  if (!identity)
    throw new AppError('unauthenticated', 'Log in, or send an API key as "Authorization: Bearer mp_…".')
  identities.set(request, identity)
  if (!route.beforeEnrolment) requireEnrolled(identity)
  if (route.access !== 'authenticated') {
    if (route.access.where.in === 'platform') rbac.requirePermission(identity, route.access.permission, null)
    else rbac.permittedScope(identity, route.access.permission)
  }
  if (route.sessionOnly && identity.sessionId === null)
    throw new AppError('forbidden', 'Only a person who is logged in may do this, no API key.')
  requireAboutOneThing(route, identity)
  requireOwnName(route, identity)
  if (route.stepUp) requireRecentProof(identity, root.now())
  return identity
}

/** The tenant of the thing in the path of a raw route; the permission is asked for there. */
async function rawTenant(
  root: Root,
  { access, method }: Route,
  request: FastifyRequest,
  identity: Identity | undefined,
  rbac: Rbac,
): Promise<string> {
  if (typeof access !== 'object' || access.where.in !== 'object' || !identity) return ''
  return transaction(root, originOf(request, identity), visibleScope(identity), async (wide) => {
    const { tenantId } = await narrowed(wide, { access, method }, request, identity, rbac)
    return tenantId
  })
}

function identityOf(request: FastifyRequest): Identity {
  const identity = identities.get(request)
  if (!identity) throw new AppError('unauthenticated', 'Log in first.')
  return identity
}

async function run(
  root: Root,
  route: TableRoute,
  request: FastifyRequest,
  identity: Identity,
  rbac: Rbac,
): Promise<Sent> {
  const permission = typeof route.access === 'object' ? route.access.permission : undefined
  const origin = { ...originOf(request, identity), permission }
  return transaction(root, origin, visibleScope(identity), async (wide) => {
    const { ctx, tenantId } = await narrowed(wide, route, request, identity, rbac)
    const asked = () => answer(ctx, route, request, identity, tenantId)
    const work =
      route.method === 'GET' ? asked : () => provisioningClockService.withoutRealSystems(ctx, asked)
    const key = request.headers['idempotency-key']
    if (key === undefined || !keepsAnswers(route)) return work()
    if (typeof key !== 'string' || key.length < 1 || key.length > 255) {
      throw new AppError('malformed_request', 'Idempotency-Key must have 1 to 255 characters.')
    }
    const subject = `${identity.actor.type}:${identity.actor.id ?? ''}`
    const content = `${request.method} ${request.url}\n${asSent.get(request) ?? ''}`
    return idempotencyService.once(ctx, { subject, key, request: content }, work)
  })
}

async function answer(
  ctx: Ctx,
  route: TableRoute,
  request: FastifyRequest,
  identity: Identity,
  tenantId: string,
): Promise<Sent> {
  const reply = await route.handler(ctx, {
    params: request.params,
    query: request.query,
    body: request.body,
    identity,
    tenantId,
    ifMatch: versionOf(request.headers['if-match']),
  })
  return sentOf(reply)
}

function sentOf(reply: Reply<unknown>): Sent {
  const name = reply.download?.name ?? reply.filename
  return {
    status: reply.status ?? 200,
    headers: {
      ...(reply.location === undefined ? {} : { location: reply.location }),
      ...(reply.version === undefined ? {} : { etag: `"v${reply.version}"` }),
      ...(name === undefined ? {} : { 'content-disposition': attachment(name) }),
    },
    body: reply.body ?? null,
    ...(reply.download && { download: reply.download }),
    ...(reply.session === undefined ? {} : { session: reply.session }),
  }
}

/** Neither is stored with an answer: rows that make a session answer a secret, and a download belongs to a GET. */
type Sent = Answer & Pick<Reply<unknown>, 'session' | 'download'>

function send(
  root: Root,
  reply: FastifyReply,
  { status, headers, body, session, download }: Sent,
): FastifyReply {
  void reply.code(status).headers(headers)
  if (session !== undefined) {
    const { name, options } = sessionCookie(root.settings.publicUrl)
    void reply.setCookie(name, session.token, { ...options, expires: session.expiresAt })
  }
  if (download) return reply.type(download.type).send(Readable.from(download.content, { objectMode: false }))
  return status === 204 ? reply.send() : reply.send(body)
}

/** `If-Match: "v3"` → 3; `*` and nothing → undefined. @throws AppError precondition_failed for any other tag */
function versionOf(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined
  const match = /^(?:W\/)?"v(\d{1,9})"$/.exec(header)
  if (!match)
    throw new AppError('precondition_failed', 'If-Match must be the ETag of an earlier answer, such as "v3".')
  return Number(match[1])
}

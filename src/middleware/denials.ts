import type { FastifyRequest } from 'fastify'
import { asSystem, transaction, type Root } from '../context.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import * as auditService from '../services/auditService.ts'
import { observeRefusal } from '../services/provisioningService.ts'
import * as tenantScopeService from '../services/tenantScopeService.ts'
import type { TenantThing } from '../services/tenantScopeService.ts'
import type { Identity } from '../services/userService.ts'
import { originOf, sessionBehind } from './auth.ts'
import { visibleScope } from './rbac.ts'

const EVERY_MS = 60_000
/** Of one caller, and of all who are not known together, so many a minute are written down. */
const MOST = 30

/** What a denial needs of a row of the route table. */
type Operation = {
  operationId: string
  method: string
  path: string
  access: 'public' | 'authenticated' | { where: { in: string; field?: string; kind?: TenantThing } }
}

/** Of each refusal when it was last written down, and how often it has come again since. */
const lately = new Map<string, { at: number; again: number }>()
/** Of each caller how many were written down since when. */
const budgets = new Map<string, { at: number; again: number }>()

/**
 * Writes down that somebody was refused, in a transaction of its own since the request's is undone: for want of a right, for
 * coming from foreign pages, with a key that is none, too often, or asking for what is another tenant's. Who goes on asking is
 * written down once a minute, with how often they asked, and no caller fills the log; the metrics count every one.
 */
export async function recordDenial(
  root: Root,
  operation: Operation,
  request: FastifyRequest,
  identity: Identity | undefined,
  error: unknown,
): Promise<void> {
  if (!(error instanceof AppError) || !isRefusal(error.code, request, identity)) return
  try {
    const who = identity ?? (error.code === 'csrf_refused' ? await sessionBehind(root, request) : undefined)
    const now = root.now().getTime()
    const foreign = error.code === 'not_found'
    const about = foreign ? undefined : idOf(request)
    const caller = who ? `${who.actor.type} ${who.actor.id}` : 'nobody'
    // Whether a thing is another tenant's is asked as often as it would be written down.
    if (foreign && !hasBudget(`look ${caller}`, now)) return
    const owner = foreign && who ? await foreignOwner(root, operation, request, who) : undefined
    if (foreign && owner === undefined) return
    observeRefusal(foreign ? 'foreign' : error.code)
    const tenantId = foreign || !who ? null : error.tenantId === undefined ? homeOf(who) : error.tenantId
    const from = who ? caller : (request.ip ?? '')
    const key = [from, operation.operationId, about, tenantId, error.code].join(' ')
    const repeated = timesSince(key, now)
    if (repeated === undefined || !hasBudget(caller, now)) return
    const event = {
      action: 'ACCESS_DENIED',
      outcome: 'denied' as const,
      tenantId,
      target: {
        type: 'operation',
        id: operation.operationId,
        label: `${operation.method} ${operation.path}`,
      },
      details: {
        code: error.code,
        ...(owner === undefined ? {} : owner),
        // Of a thing that nobody looked up it is not known whose it is: a tenant's log names no foreign ids.
        ...(about === undefined || (error.tenantId === undefined && tenantId !== null) ? {} : { id: about }),
        ...error.details,
        ...(repeated > 0 ? { repeated } : {}),
      },
    }
    await transaction(root, originOf(request, who), 'platform', (ctx) => auditService.record(ctx, event))
  } catch (fault) {
    // The refusal stands whether or not it could be written down.
    root.log.error({ err: fault, code: error.code }, 'a refusal could not be written to the audit log')
  }
}

const ALWAYS = new Set<ErrorCode>([
  'forbidden',
  'mfa_enrolment_required',
  'csrf_refused',
  'too_many_requests',
])

/** Somebody without any key may have to log in, and who finds nothing may have mistyped: that is no refusal. */
const isRefusal = (code: ErrorCode, { headers }: FastifyRequest, identity: Identity | undefined): boolean =>
  code === 'unauthenticated'
    ? headers.authorization !== undefined
    : code === 'not_found'
      ? identity !== undefined
      : ALWAYS.has(code) &&
        (identity !== undefined || code === 'csrf_refused' || code === 'too_many_requests')

function idOf(request: FastifyRequest): string | undefined {
  const { id } = (request.params ?? {}) as { id?: unknown }
  return typeof id === 'string' ? id.slice(0, 100) : undefined
}

/** What was asked for and whose it is, if it is of a tenant that the caller may not know of; of the platform itself nothing is hidden. */
async function foreignOwner(
  root: Root,
  { access }: Operation,
  request: FastifyRequest,
  who: Identity,
): Promise<{ id: string; ofTenant: string } | undefined> {
  const visible = visibleScope(who)
  if (visible === 'platform' || typeof access !== 'object') return undefined
  const { where } = access
  const asked =
    where.in === 'object'
      ? [where.kind, idOf(request)]
      : where.in === 'body'
        ? [where.kind, (request.body as Record<string, unknown> | undefined)?.[where.field ?? '']]
        : ['tenant', (request.query as Record<string, unknown> | undefined)?.['tenantId']]
  const [kind, id] = asked as [TenantThing, unknown]
  if (typeof id !== 'string') return undefined
  const ofTenant = await asSystem(root, 'denials', 'platform', (ctx) =>
    tenantScopeService.ownerOf(ctx, kind, id),
  ).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'not_found') return null
    throw error
  })
  return ofTenant === null || visible.includes(ofTenant) ? undefined : { id, ofTenant }
}

/** Whose log a refusal belongs in that is about no tenant: that of the caller's only one, else the platform's. */
const homeOf = ({ platform, tenants }: Identity): string | null =>
  platform.size === 0 && tenants.size === 1 ? ([...tenants.keys()][0] ?? null) : null

const hasBudget = (caller: string, now: number): boolean => {
  const { again } = countedSince(budgets, caller, now)
  return again < MOST
}

/** How often it came since it was last written down, or undefined if that was just now. */
function timesSince(key: string, now: number): number | undefined {
  const before = lately.get(key)?.again
  const { at, again } = countedSince(lately, key, now)
  return at === now && again === 0 ? (before ?? 0) : undefined
}

/** Counts one more within the minute that its first one began. */
function countedSince(counts: typeof lately, key: string, now: number): { at: number; again: number } {
  const last = counts.get(key)
  if (last && now - last.at < EVERY_MS) {
    last.again++
    return last
  }
  for (const [old, { at }] of counts) {
    if (now - at < 2 * EVERY_MS) break
    counts.delete(old)
  }
  counts.delete(key)
  const first = { at: now, again: 0 }
  counts.set(key, first)
  return first
}

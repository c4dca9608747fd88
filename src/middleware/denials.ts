import type { FastifyRequest } from 'fastify'
import { transaction, type Root } from '../context.ts'
import { AppError } from '../errors.ts'
import * as auditService from '../services/auditService.ts'
import type { Identity } from '../services/userService.ts'
import { originOf } from './auth.ts'

const REFUSALS = new Set(['forbidden', 'mfa_enrolment_required'])
const EVERY_MS = 60_000

/** Of each refusal when it was last written down, and how often it has come again since. */
const lately = new Map<string, { at: number; again: number }>()

/**
 * Writes down that somebody was refused, in a transaction of its own since the request's is undone. A program that
 * goes on asking is written down once a minute, with how often it asked, so that nobody fills the log.
 */
export async function recordDenial(
  root: Root,
  { operationId, method, path }: { operationId: string; method: string; path: string },
  request: FastifyRequest,
  identity: Identity | undefined,
  error: unknown,
): Promise<void> {
  if (!identity || !(error instanceof AppError) || !REFUSALS.has(error.code)) return
  const { id } = (request.params ?? {}) as { id?: unknown }
  const about = typeof id === 'string' ? id.slice(0, 100) : undefined
  const tenantId = error.tenantId === undefined ? homeOf(identity) : error.tenantId
  const repeated = timesSince(
    [identity.actor.type, identity.actor.id, operationId, about, tenantId, error.code].join(' '),
    root.now().getTime(),
  )
  if (repeated === undefined) return
  const event = {
    action: 'ACCESS_DENIED',
    outcome: 'denied' as const,
    tenantId,
    target: { type: 'operation', id: operationId, label: `${method} ${path}` },
    details: {
      code: error.code,
      // Of a thing that nobody looked up it is not known whose it is: a tenant's log names no foreign ids.
      ...(about === undefined || (error.tenantId === undefined && tenantId !== null) ? {} : { id: about }),
      ...error.details,
      ...(repeated > 0 ? { repeated } : {}),
    },
  }
  try {
    await transaction(root, originOf(request, identity), 'platform', (ctx) => auditService.record(ctx, event))
  } catch (fault) {
    // The refusal stands whether or not it could be written down.
    root.log.error({ err: fault, event }, 'a refusal could not be written to the audit log')
  }
}

/** Whose log a refusal belongs in that is about no tenant: that of the caller's only one, else the platform's. */
const homeOf = ({ platform, tenants }: Identity): string | null =>
  platform.size === 0 && tenants.size === 1 ? ([...tenants.keys()][0] ?? null) : null

/** How often it came since it was last written down, or undefined if that was just now. */
function timesSince(key: string, now: number): number | undefined {
  const last = lately.get(key)
  if (last && now - last.at < EVERY_MS) {
    last.again++
    return undefined
  }
  for (const [old, { at }] of lately) {
    if (now - at < 2 * EVERY_MS) break
    lately.delete(old)
  }
  lately.delete(key)
  lately.set(key, { at: now, again: 0 })
  return last?.again ?? 0
}

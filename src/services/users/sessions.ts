import type { Ctx } from '../../context.ts'
import * as admin from '../../db/userAdmin.ts'
import { notFound } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import type { Identity } from '../userService.ts'
import { requireAbove } from './accounts.ts'

/** The sessions of a user that have not ended. @throws AppError not_found */
export async function listSessions(ctx: Ctx, userId: string) {
  if (!(await admin.find(ctx.tx, ctx.scope, userId))) throw notFound('user')
  const rows = await admin.liveSessions(ctx.tx, userId, ctx.now())
  return {
    items: rows.map((row) => ({
      id: row.id,
      createdAt: row.created_at.toISOString(),
      lastSeenAt: row.last_seen_at.toISOString(),
      expiresAt: row.expires_at.toISOString(),
      ip: row.ip,
      userAgent: row.user_agent,
    })),
  }
}

/**
 * Ends one session of a user (or all) from the next request on.
 * @throws AppError not_found, forbidden for a user with more rights than the caller's
 */
export async function endSessions(
  ctx: Ctx,
  identity: Identity,
  userId: string,
  sessionId?: string,
): Promise<void> {
  const user = await admin.lock(ctx.tx, ctx.scope, userId)
  if (!user) throw notFound('user')
  await requireAbove(ctx, identity, userId, false)
  const ended = await admin.endSessions(ctx.tx, userId, ctx.now(), sessionId)
  if (sessionId !== undefined && ended === 0) throw notFound('session')
  await auditService.record(ctx, {
    action: 'SESSIONS_ENDED',
    tenantId: null,
    target: { type: 'user', id: userId, label: user.email },
    details: { ended },
  })
}

import type { Ctx } from '../../context.ts'
import { listLive } from '../../db/authSessions.ts'
import type { ListOptions } from '../../db/list.ts'
import * as admin from '../../db/userAdmin.ts'
import { notFound } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import { IDLE_MS, type Identity } from '../userService.ts'
import { requireAbove } from './accounts.ts'

/** The sessions with which a user could act now. @throws AppError not_found */
export async function listSessions(ctx: Ctx, userId: string, options: ListOptions) {
  if (!(await admin.find(ctx.tx, ctx.scope, userId))) throw notFound('user')
  const page = await listLive(ctx.tx, userId, ctx.now(), IDLE_MS, options)
  return {
    items: page.items.map((row) => ({
      id: row.id,
      createdAt: row.created_at.toISOString(),
      lastSeenAt: row.last_seen_at.toISOString(),
      expiresAt: row.expires_at.toISOString(),
      ip: row.ip,
      userAgent: row.user_agent,
      verifiedBy: row.verified_by,
    })),
    nextCursor: page.nextCursor,
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

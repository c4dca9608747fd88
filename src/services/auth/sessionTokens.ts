import type { Ctx } from '../../context.ts'
import * as sessions from '../../db/authSessions.ts'
import { randomToken, sha256 } from '../../lib/crypto.ts'
import * as auditService from '../auditService.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { IDLE_MS } from '../userService.ts'

/** How long the former token counts for what a second tab has sent before it had the new cookie. */
const GRACE_MS = 10_000

/** What the browser has from now on. */
export type RenewedSession = { token: string; expiresAt: Date }

/**
 * Gives a session a new token, so that one that has leaked is worth nothing. The former one counts some seconds longer,
 * but not as a fresh proof. Undefined when it had a new one within these seconds: another tab has that.
 */
export async function renew(ctx: Ctx, sessionId: string): Promise<RenewedSession | undefined> {
  const now = ctx.now()
  const token = randomToken()
  const until = new Date(now.getTime() + GRACE_MS)
  const expiresAt = await sessions.renewToken(ctx.tx, sessionId, sha256(token), now, until)
  return expiresAt && { token, expiresAt }
}

/** Somebody has proven anew that the session is his: it is marked so, and gets a new token (see `renew`). */
export async function proven(
  ctx: Ctx,
  sessionId: string,
  by: Parameters<typeof sessions.markVerified>[2],
): Promise<RenewedSession | undefined> {
  await sessions.markVerified(ctx.tx, sessionId, by, ctx.now())
  return renew(ctx, sessionId)
}

/** Ends the oldest sessions of somebody who has more of them than the platform's setting allows. */
export async function endTooMany(ctx: Ctx, user: { id: string; email: string }): Promise<void> {
  const most = Number((await settingsService.effective(ctx, null))['users.maxSessions'].value)
  const ids = await sessions.endBeyond(ctx.tx, user.id, most, ctx.now(), IDLE_MS)
  if (ids.length > 0)
    await auditService.record(ctx, {
      action: 'SESSION_ENDED',
      tenantId: null,
      target: { type: 'user', id: user.id, label: user.email },
      details: { ids, why: 'too_many', most },
    })
}

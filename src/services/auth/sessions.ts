import type { OwnSession } from '../../../shared/api/authAccount.ts'
import type { Page } from '../../../shared/api/common.ts'
import { transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import * as sessions from '../../db/authSessions.ts'
import type { ListOptions } from '../../db/list.ts'
import * as users from '../../db/users.ts'
import { AppError, notFound } from '../../errors.ts'
import { hashPassword, isPassword } from '../../lib/password.ts'
import { passwordFault } from '../../lib/passwordRules.ts'
import * as auditService from '../auditService.ts'
import * as mailService from '../mailService.ts'
import { IDLE_MS, type Identity } from '../userService.ts'
import { renew, type RenewedSession } from './sessionTokens.ts'
import * as throttle from './throttle.ts'
import { self } from './self.ts'

/** The caller's live sessions. */
export async function listSessions(ctx: Ctx, me: Identity, options: ListOptions): Promise<Page<OwnSession>> {
  const page = await sessions.listLive(ctx.tx, me.user.id, ctx.now(), IDLE_MS, options)
  return {
    items: page.items.map((row) => ({
      id: row.id,
      current: row.id === me.sessionId,
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

/** Ends one of the caller's sessions. @throws AppError not_found for what is not his or has ended */
export async function endSession(ctx: Ctx, me: Identity, id: string): Promise<void> {
  if (!(await sessions.endOne(ctx.tx, me.user.id, id, ctx.now()))) throw notFound('session')
  await auditService.record(ctx, {
    action: 'SESSION_ENDED',
    tenantId: null,
    target: self(me),
    details: { id },
  })
}

/** Ends all of the caller's sessions but this one. @returns how many */
export async function endOtherSessions(ctx: Ctx, me: Identity): Promise<number> {
  const ended = await sessions.endOthers(ctx.tx, me.user.id, me.sessionId, ctx.now())
  await auditService.record(ctx, {
    action: 'OTHER_SESSIONS_ENDED',
    tenantId: null,
    target: self(me),
    details: { ended },
  })
  return ended
}

/**
 * Changes the caller's password and ends his other sessions.
 * @returns this session's new token, see `sessionTokens.renew`
 * @throws AppError invalid_input when the present password is wrong, was tried too often, or the new one is too easy
 */
export async function changePassword(
  root: Root,
  origin: Origin,
  me: Identity & { sessionId: string },
  { current, password }: { current: string; password: string },
): Promise<RenewedSession | undefined> {
  if (password === current) throw invalid('password', 'This is your present password. Choose another.')
  const fault = passwordFault(password, me.user)
  if (fault !== undefined) throw invalid('password', fault)
  const { stored, admitted } = await transaction(root, origin, 'platform', async (ctx) => ({
    stored: (await users.findByEmail(ctx.tx, me.user.email))?.password_hash ?? null,
    // Wrong ones count as tries to log in: a session that was stolen is no place to guess.
    admitted: await throttle.admit(ctx, me.user.email, true),
  }))
  if (!admitted || !(await isPassword(stored, current))) {
    await transaction(root, origin, 'platform', (ctx) =>
      auditService.record(ctx, {
        action: 'PASSWORD_CHANGED',
        tenantId: null,
        target: self(me),
        outcome: 'denied',
      }),
    )
    throw invalid(
      'current',
      admitted ? 'This is not your present password.' : 'Tried too often. Wait a while.',
    )
  }
  const hash = await hashPassword(password)
  return transaction(root, origin, 'platform', async (ctx) => {
    if (!(await sessions.replacePasswordHash(ctx.tx, me.user.id, stored ?? '', hash, ctx.now())))
      throw new AppError('conflict', 'The password was changed meanwhile. Log in with the new one.')
    await throttle.forgive(ctx, me.user.email, true, 1)
    const ended = await sessions.endOthers(ctx.tx, me.user.id, me.sessionId, ctx.now())
    await auditService.record(ctx, {
      action: 'PASSWORD_CHANGED',
      tenantId: null,
      target: self(me),
      details: { otherSessionsEnded: ended },
    })
    await mailService.notify(ctx, me.user, 'passwordChanged')
    return renew(ctx, me.sessionId)
  })
}

const invalid = (path: string, message: string): AppError =>
  new AppError('invalid_input', message, { errors: [{ path, message }] })

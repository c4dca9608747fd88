import type { LoginEntry } from '../../../shared/api/authAccount.ts'
import type { Page } from '../../../shared/api/common.ts'
import type { Ctx } from '../../context.ts'
import * as log from '../../db/authLog.ts'
import type { ListOptions } from '../../db/list.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as mailService from '../mailService.ts'
import type { Identity } from '../userService.ts'

type User = { id: string; email: string }
export type Success = 'password' | 'totp' | 'recovery_code' | 'passkey' | 'sso'
export type Failure =
  | 'wrong_password'
  | 'wrong_code'
  | 'wrong_passkey'
  | 'throttled'
  | 'disabled'
  | 'no_active_tenant'
  | 'sso_required'
  | 'sso_refused'

/** Notes a refused log-in. `user.id` undefined: there is no such user, so there is no history to write it in. */
export async function noteFailure(
  ctx: Ctx,
  user: { id: string | undefined; email: string },
  why: Failure,
): Promise<void> {
  if (user.id !== undefined)
    await insert(ctx, user.id, { outcome: 'failure', reason: why, new_device: false })
  await auditService.record(ctx, {
    action: 'LOGIN_FAILED',
    tenantId: null,
    target: { type: 'user', id: user.id ?? 'unknown', label: user.email.toLowerCase() },
    outcome: 'denied',
    details: { why },
  })
}

/** Notes a log-in, and that it came from a device nobody has logged in with before, except for the very first. */
export async function noteSuccess(ctx: Ctx, user: User, by: Success, knownDevice: boolean): Promise<void> {
  const target = { type: 'user', id: user.id, label: user.email }
  const isNew = !knownDevice && (await log.hasLoggedIn(ctx.tx, user.id))
  await insert(ctx, user.id, { outcome: 'success', reason: by, new_device: isNew })
  await auditService.record(ctx, { action: 'LOGIN_SUCCEEDED', tenantId: null, target, details: { by } })
  if (!isNew) return
  await auditService.record(ctx, { action: 'LOGIN_FROM_NEW_DEVICE', tenantId: null, target })
  await mailService.notify(ctx, user, 'newDevice')
}

const insert = (
  ctx: Ctx,
  userId: string,
  entry: { outcome: LoginEntry['outcome']; reason: LoginEntry['reason']; new_device: boolean },
): Promise<void> =>
  log.insertEntry(ctx.tx, {
    id: newId(),
    user_id: userId,
    at: ctx.now(),
    ip: ctx.ip ?? null,
    user_agent: ctx.userAgent ?? null,
    ...entry,
  })

/** The caller's own log-ins and refused ones. */
export async function listHistory(
  ctx: Ctx,
  { user }: Identity,
  options: ListOptions,
): Promise<Page<LoginEntry>> {
  const page = await log.listHistory(ctx.tx, user.id, options)
  return {
    items: page.items.map((row) => ({
      id: row.id,
      at: row.at.toISOString(),
      outcome: row.outcome,
      reason: row.reason,
      newDevice: row.new_device,
      ip: row.ip,
      userAgent: row.user_agent,
    })),
    nextCursor: page.nextCursor,
  }
}

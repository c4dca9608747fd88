import type { Ctx } from '../../context.ts'
import { violatedConstraint } from '../../db/index.ts'
import * as admin from '../../db/userAdmin.ts'
import { AppError } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import * as mailService from '../mailService.ts'
import * as tokens from '../singleUseTokenService.ts'
import type { Identity } from '../userService.ts'

const PER_HOUR = 5

/**
 * Writes to a new address of the caller's, which must prove that it is theirs, and to the old one. Whether the new one
 * is somebody else's is not looked at: only who reads its mails learns that.
 * @throws AppError invalid_input for the present address, too_many_requests
 */
export async function requestEmailChange(ctx: Ctx, { user }: Identity, email: string): Promise<void> {
  const to = email.toLowerCase()
  if (to === user.email) {
    const message = 'This is your present address.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'email', message }] })
  }
  if ((await tokens.countOfHour(ctx, 'email_change', user.id)) >= PER_HOUR)
    throw new AppError('too_many_requests', 'A new address was asked for too often. Wait an hour.')
  const link = await tokens.issue(ctx, 'email_change', user.id, to)
  await mailService.sendToUser(ctx, { id: user.id, email: to }, 'emailChange', { link })
  await mailService.sendToUser(ctx, user, 'emailChangeAsked', { to, from: mailService.originOf(ctx) })
  await auditService.record(ctx, {
    action: 'EMAIL_CHANGE_REQUESTED',
    tenantId: null,
    target: { type: 'user', id: user.id, label: user.email },
    details: { to },
  })
}

/**
 * Makes the address of a mailed link the caller's. It must be the caller's own link: a mistyped address would
 * otherwise hand the account to whoever reads it.
 * @throws AppError link_expired, already_exists when somebody else has this address
 */
export async function confirmEmailChange(ctx: Ctx, { user }: Identity, token: string): Promise<void> {
  const asked = await tokens.look(ctx, 'email_change', token)
  if (asked.subjectId !== user.id) throw tokens.expired()
  const { email } = await tokens.use(ctx, 'email_change', token)
  if (email === null) throw tokens.expired()
  await admin.update(ctx.tx, user.id, { email, updated_at: ctx.now() }).catch((error: unknown) => {
    if (violatedConstraint(error) !== 'users_email') throw error
    throw new AppError('already_exists', 'Another account has this address. Choose another one.')
  })
  await tokens.end(ctx, 'password_reset', user.id)
  await auditService.record(ctx, {
    action: 'EMAIL_CHANGED',
    tenantId: null,
    target: { type: 'user', id: user.id, label: email },
    diff: { email: [user.email, email] },
  })
  await mailService.sendToUser(ctx, user, 'emailChanged', { to: email, from: mailService.originOf(ctx) })
}

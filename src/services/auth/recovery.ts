import { transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import * as sessions from '../../db/authSessions.ts'
import * as users from '../../db/users.ts'
import { AppError } from '../../errors.ts'
import { hashPassword } from '../../lib/password.ts'
import { passwordFault } from '../../lib/passwordRules.ts'
import * as auditService from '../auditService.ts'
import { enqueuePasswordReset } from '../mailQueues.ts'
import * as mailService from '../mailService.ts'
import * as tokens from '../singleUseTokenService.ts'

/** So many links an hour; more would only fill somebody's mailbox. */
const PER_HOUR = 3

/**
 * Anybody may ask for anybody. Nothing is looked up here: whether the e-mail is somebody's is found out by a job, so
 * that neither the answer nor its time tells.
 */
export async function requestReset(root: Root, origin: Origin, email: string): Promise<void> {
  const label = email.toLowerCase()
  await transaction(root, origin, 'platform', async (ctx) => {
    await enqueuePasswordReset(ctx, label)
    await auditService.record(ctx, {
      action: 'PASSWORD_RESET_REQUESTED',
      tenantId: null,
      target: { type: 'user', id: 'unknown', label },
    })
  })
}

/** The user who may get a link now; undefined for an unknown e-mail, a disabled user, and after too many. */
export async function resettable(ctx: Ctx, email: string): Promise<string | undefined> {
  const user = await users.findByEmail(ctx.tx, email)
  if (!user || user.state !== 'active' || user.kind !== 'person') return undefined
  return (await tokens.countOfHour(ctx, 'password_reset', user.id)) < PER_HOUR ? user.id : undefined
}

/** Writes a user the mail with the link. @param requestedFrom the address of who asked; null where that says nothing */
export async function writeReset(ctx: Ctx, userId: string, requestedFrom: string | null): Promise<void> {
  const user = await users.findActive(ctx.tx, userId)
  if (!user) return
  const link = await tokens.issue(ctx, 'password_reset', user.id)
  await mailService.sendToUser(ctx, user, 'passwordReset', { link, ip: requestedFrom })
  await auditService.record(ctx, {
    action: 'PASSWORD_RESET_SENT',
    tenantId: null,
    target: { type: 'user', id: user.id, label: user.email },
  })
}

/**
 * Sets a new password by a mailed link and ends all sessions. A second factor stays, and is asked for at the log-in.
 * @throws AppError link_expired, invalid_input for a password that is too easy, which leaves the link unused
 */
export async function confirmReset(
  root: Root,
  origin: Origin,
  { token, password }: { token: string; password: string },
): Promise<void> {
  const user = await transaction(root, origin, 'platform', async (ctx) => {
    const { subjectId } = await tokens.look(ctx, 'password_reset', token)
    return users.findActive(ctx.tx, subjectId)
  })
  if (!user) throw tokens.expired()
  const fault = passwordFault(password, user)
  if (fault !== undefined)
    throw new AppError('invalid_input', fault, { errors: [{ path: 'password', message: fault }] })
  const hash = await hashPassword(password)
  const actor = { type: 'user', id: user.id, label: user.email } as const
  await transaction(root, { ...origin, actor }, 'platform', async (ctx) => {
    await tokens.use(ctx, 'password_reset', token)
    if (!(await sessions.setPasswordHash(ctx.tx, user.id, hash, ctx.now()))) throw tokens.expired()
    await tokens.end(ctx, 'email_change', user.id)
    const ended = await sessions.endOthers(ctx.tx, user.id, null, ctx.now())
    await auditService.record(ctx, {
      action: 'PASSWORD_RESET',
      tenantId: null,
      target: { type: 'user', id: user.id, label: user.email },
      details: { sessionsEnded: ended },
    })
    await mailService.notify(ctx, user, 'passwordChanged')
  })
}

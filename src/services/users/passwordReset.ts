import type { Ctx } from '../../context.ts'
import * as sso from '../../db/authSso.ts'
import * as admin from '../../db/userAdmin.ts'
import { AppError, notFound } from '../../errors.ts'
import * as authService from '../authService.ts'
import type { Identity } from '../userService.ts'
import { requireAbove } from './accounts.ts'

/**
 * Sends a user the link to set a new password: nobody sets one for somebody else.
 * @throws AppError not_found, invalid_state for a disabled user, a service account and who may log in by single sign-on
 * only, forbidden for a user with more rights than the caller's
 */
export async function sendPasswordReset(ctx: Ctx, identity: Identity, userId: string): Promise<void> {
  const user = await admin.lock(ctx.tx, ctx.scope, userId)
  if (!user) throw notFound('user')
  await requireAbove(ctx, identity, userId, false)
  if (user.state !== 'active')
    throw new AppError('invalid_state', 'The user is disabled: enable the account first.')
  if (user.kind !== 'person')
    throw new AppError('invalid_state', 'A service account has no password: it uses keys.')
  if (await sso.isRequired(ctx.tx, userId, ctx.now()))
    throw new AppError(
      'invalid_state',
      'The user’s organisation wants them to log in by single sign-on: a password would open nothing.',
    )
  await authService.writeReset(ctx, userId, null)
}

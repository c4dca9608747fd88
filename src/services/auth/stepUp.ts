import type { StepUp } from '../../../shared/api/authAccount.ts'
import type { Ceremony } from '../../../shared/api/authPasskeys.ts'
import { transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import * as users from '../../db/users.ts'
import { AppError } from '../../errors.ts'
import { isPassword } from '../../lib/password.ts'
import * as auditService from '../auditService.ts'
import type { Identity } from '../userService.ts'
import * as factors from './factors.ts'
import * as passkeyProof from './passkeyProof.ts'
import { proven, type RenewedSession } from './sessionTokens.ts'
import * as throttle from './throttle.ts'

const wrong = (path: 'password' | 'code', message: string): AppError =>
  new AppError('invalid_input', message, { errors: [{ path, message }] })

type Me = Identity & { sessionId: string }
const meaning = ({ user, sessionId }: Me) => ({ purpose: 'step_up', sessionId, userId: user.id }) as const

/** Asks for one of the caller's passkeys. @throws AppError invalid_state when mPanel is reached by an address */
export async function beginStepUp(ctx: Ctx, me: Me): Promise<Ceremony> {
  const asked = await passkeyProof.ask(ctx, meaning(me))
  const target = { type: 'user', id: me.user.id, label: me.user.email }
  await auditService.record(ctx, { action: 'STEP_UP_BEGUN', tenantId: null, target })
  return asked
}

/**
 * Proves anew who sits in front of a session: by a code or a passkey, or by the password for a user without a second factor.
 * Wrong answers count as tries to log in.
 * @returns the session's new token, see `sessionTokens.renew`
 * @throws AppError invalid_input when it is wrong, tried too often, or not what this user must give
 */
export async function stepUp(
  root: Root,
  origin: Origin,
  me: Me,
  given: StepUp,
): Promise<RenewedSession | undefined> {
  const { user, sessionId } = me
  const { stored, enrolled, admitted } = await transaction(root, origin, 'platform', async (ctx) => ({
    stored: (await users.findByEmail(ctx.tx, user.email))?.password_hash ?? null,
    enrolled: await factors.isEnrolled(ctx, user.id),
    // What others do to the account does not hold up somebody who is logged in.
    admitted: await throttle.admit(ctx, user.email, true),
  }))
  const target = { type: 'user', id: user.id, label: user.email }
  try {
    if (!admitted) throw wrong(enrolled ? 'code' : 'password', 'Tried too often. Wait a while.')
    const { code, passkey, password } = given
    if (enrolled && code === undefined && passkey === undefined)
      throw wrong('code', 'Enter a code of your authenticator app, or use a passkey.')
    if (!enrolled && (password === undefined || !(await isPassword(stored, password))))
      throw wrong('password', 'This is not your password.')
    const prove = enrolled ? await factors.proverOf(root, meaning(me), given) : undefined
    return await transaction(root, origin, 'platform', async (ctx) => {
      const by = prove ? await prove(ctx, user) : 'password'
      const renewed = await proven(ctx, sessionId, by)
      await throttle.forgive(ctx, user.email, true, 1)
      await auditService.record(ctx, { action: 'STEP_UP', tenantId: null, target, details: { by } })
      return renewed
    })
  } catch (error) {
    if (error instanceof AppError)
      await transaction(root, origin, 'platform', (ctx) =>
        auditService.record(ctx, { action: 'STEP_UP', tenantId: null, target, outcome: 'denied' }),
      )
    throw error
  }
}

import type { Ceremony, PasskeyProof } from '../../../shared/api/authPasskeys.ts'
import { transaction, type Origin, type Root } from '../../context.ts'
import { AppError } from '../../errors.ts'
import { isKnownDevice } from './devices.ts'
import * as history from './history.ts'
import { asUser, requireAnyTenant, requireNoSso, succeeded, type OpenedSession } from './login.ts'
import * as proof from './passkeyProof.ts'
import * as throttle from './throttle.ts'

const refused = () =>
  new AppError(
    'unauthenticated',
    'The passkey was not accepted, or it was tried too often. Try it again, or log in with your password.',
  )

/** Nobody is known yet: the authenticator finds the passkey. */
const MEANT = { purpose: 'log_in', sessionId: null, userId: undefined } as const

/** Begins a log-in without a password. @throws AppError invalid_state when mPanel is reached by an address */
export const beginPasskeyLogin = (root: Root, origin: Origin): Promise<Ceremony> =>
  transaction(root, origin, 'platform', (ctx) => proof.ask(ctx, MEANT))

/**
 * Opens a session for the user of a passkey. The authenticator has verified the person, so it counts as both steps.
 * Every outcome is audited and in the user's history.
 * @throws AppError unauthenticated, the same whatever was wrong; forbidden for a user of suspended tenants only
 */
export async function loginByPasskey(
  root: Root,
  origin: Origin,
  given: PasskeyProof,
  device?: string,
): Promise<OpenedSession> {
  const { found, known, admitted } = await transaction(root, origin, 'platform', async (ctx) => {
    const passkey = await proof.findPasskey(ctx, given)
    const user = passkey && { id: passkey.user_id, password_hash: passkey.password_hash }
    const isKnown = isKnownDevice(root, user, device)
    return {
      found: passkey,
      known: isKnown,
      admitted: passkey === undefined || (await throttle.admit(ctx, passkey.email, isKnown)),
    }
  })
  const refuse = async (why: history.Failure): Promise<AppError> => {
    const user = { id: found?.user_id, email: found?.email ?? 'unknown passkey' }
    await transaction(root, origin, 'platform', (ctx) => history.noteFailure(ctx, user, why))
    return refused()
  }
  if (!admitted) throw await refuse('throttled')
  let proven: proof.Proven
  try {
    proven = await proof.prove(root, MEANT, found, given)
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_input') throw await refuse('wrong_passkey')
    throw error
  }
  if (proven.state !== 'active') throw await refuse('disabled')
  const user = { id: proven.user_id, email: proven.email, password_hash: proven.password_hash }
  await requireAnyTenant(root, origin, user)
  await requireNoSso(root, origin, user)
  return transaction(root, asUser(origin, user), 'platform', async (ctx) =>
    succeeded(ctx, user, await proof.accept(ctx, proven), known, 1),
  )
}

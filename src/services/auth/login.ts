import type { FactorMethod, MfaProof } from '../../../shared/api/authAccount.ts'
import type { Ceremony } from '../../../shared/api/authPasskeys.ts'
import { transaction, type Actor, type Ctx, type Origin, type Root } from '../../context.ts'
import * as sessions from '../../db/authSessions.ts'
import * as sso from '../../db/authSso.ts'
import * as users from '../../db/users.ts'
import { AppError } from '../../errors.ts'
import { randomToken, sha256 } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import { hashPassword, isOutdated, isPassword } from '../../lib/password.ts'
import { isKnownDevice, rememberDevice } from './devices.ts'
import * as factors from './factors.ts'
import * as history from './history.ts'
import * as passkeyProof from './passkeyProof.ts'
import { endTooMany } from './sessionTokens.ts'
import * as throttle from './throttle.ts'

const ABSOLUTE_MS = 12 * 3_600_000
const PENDING_MS = 5 * 60_000
const PENDING_TRIES = 5

/**
 * `token` is shown once and stored only as a hash. A pending session can give a second factor and nothing else; a whole
 * one comes with what makes this browser known the next time.
 */
export type OpenedSession = {
  token: string
  expiresAt: Date
  userId: string
  device: string | undefined
  /** What a pending session waits for. */
  methods: FactorMethod[]
}
type User = { id: string; email: string; password_hash: string | null }

const ended = () =>
  new AppError('unauthenticated', 'The log-in took too long or was tried too often. Log in again.')

const refused = () =>
  new AppError(
    'unauthenticated',
    'The e-mail or the password is wrong, or it was tried too often. Check both, or wait a while.',
  )

export const asUser = (origin: Origin, { id, email }: User): Origin => ({
  ...origin,
  actor: { type: 'user', id, label: email } satisfies Actor,
})

/**
 * Checks e-mail and password and opens a session, a pending one for a user with a second factor. Every outcome is
 * audited and in the user's history.
 * @param device what an earlier log-in gave this browser
 * @throws AppError unauthenticated, the same for an unknown e-mail, a wrong password, a disabled user and too many tries
 */
export async function login(
  root: Root,
  origin: Origin,
  credentials: { email: string; password: string },
  device?: string,
): Promise<OpenedSession> {
  const { user, known, admitted } = await transaction(root, origin, 'platform', async (ctx) => {
    const found = await users.findByEmail(ctx.tx, credentials.email)
    const isKnown = isKnownDevice(root, found, device)
    return {
      user: found,
      known: isKnown,
      admitted: await throttle.admit(ctx, credentials.email, isKnown),
    }
  })
  // The slow part runs outside of any transaction, and also when the answer is clear already.
  const right = await isPassword(user?.password_hash ?? null, credentials.password)
  if (!user || !admitted || !right || user.state !== 'active') {
    const why = !admitted ? 'throttled' : right ? 'disabled' : 'wrong_password'
    await transaction(root, origin, 'platform', (ctx) =>
      history.noteFailure(ctx, { id: user?.id, email: credentials.email }, why),
    )
    throw refused()
  }
  await requireAnyTenant(root, origin, user)
  await requireNoSso(root, origin, user)
  const stored = user.password_hash ?? ''
  const renewed = isOutdated(stored) ? await hashPassword(credentials.password) : undefined
  return transaction(root, asUser(origin, user), 'platform', async (ctx) => {
    if (renewed !== undefined) await sessions.replacePasswordHash(ctx.tx, user.id, stored, renewed, ctx.now())
    const present = { ...user, password_hash: renewed ?? stored }
    return openOrAsk(ctx, present, { by: 'password', known, tries: 1, isSecondFactor: false })
  })
}

/** Who belongs to suspended or closed tenants only is told so instead of finding nothing. @throws AppError forbidden */
export async function requireAnyTenant(root: Root, origin: Origin, user: User): Promise<void> {
  if (!(await root.db.transaction('platform', (tx) => users.isShutOut(tx, user.id, root.now())))) return
  await transaction(root, origin, 'platform', (ctx) => history.noteFailure(ctx, user, 'no_active_tenant'))
  throw new AppError('forbidden', 'Your access is suspended. Ask your provider.')
}

/** A tenant may want its people to come through its provider. @throws AppError forbidden */
export async function requireNoSso(root: Root, origin: Origin, user: User): Promise<void> {
  if (!(await root.db.transaction('platform', (tx) => sso.isRequired(tx, user.id, root.now())))) return
  await transaction(root, origin, 'platform', (ctx) => history.noteFailure(ctx, user, 'sso_required'))
  throw new AppError('forbidden', 'Your organisation wants you to log in by single sign-on. Use that button.')
}

/** Opens a session, a pending one for a user whose second factor is still to be given. */
export async function openOrAsk(
  ctx: Ctx,
  user: User,
  how: { by: 'password' | 'sso'; known: boolean; tries: number; isSecondFactor: boolean },
): Promise<OpenedSession> {
  const methods = how.isSecondFactor ? [] : await factors.methodsOf(ctx, user.id)
  if (methods.length > 0) return openSession(ctx, user, 'pending', { methods })
  return succeeded(ctx, user, how.by, how.known, how.tries, how.by === 'sso' && how.isSecondFactor)
}

/**
 * Asks a pending session's user for one of his passkeys.
 * @throws AppError unauthenticated when the pending session has ended, invalid_state when mPanel is reached by an address
 */
export const beginMfa = (root: Root, origin: Origin, token: string): Promise<Ceremony> =>
  transaction(root, origin, 'platform', async (ctx) => {
    const pending = await sessions.findPending(ctx.tx, sha256(token), root.now(), PENDING_TRIES)
    if (!pending) throw ended()
    return passkeyProof.ask(ctx, {
      purpose: 'second_step',
      sessionId: pending.id,
      userId: pending.user_id,
    })
  })

/**
 * Exchanges a pending session and a second factor for a session with a new token. The pending one ends with it, and
 * after five wrong tries. They count as tries to log in, like passwords.
 * @throws AppError unauthenticated when the pending session has ended, invalid_input for a wrong factor or too many tries
 */
export async function verifyMfa(
  root: Root,
  origin: Origin,
  { token, given, device }: { token: string; given: MfaProof; device?: string | undefined },
): Promise<OpenedSession> {
  const pending = await root.db.transaction('platform', (tx) =>
    sessions.tryPending(tx, sha256(token), root.now(), PENDING_TRIES),
  )
  if (!pending) throw ended()
  const user = { id: pending.user_id, email: pending.email, password_hash: pending.password_hash }
  const known = isKnownDevice(root, user, device)
  const admitted = await transaction(root, origin, 'platform', (ctx) =>
    throttle.admit(ctx, user.email, known),
  )
  try {
    if (!admitted) throw given.passkey ? passkeyProof.wrongPasskey() : factors.wrongCode()
    const prove = await factors.proverOf(
      root,
      { purpose: 'second_step', sessionId: pending.id, userId: user.id },
      given,
    )
    return await transaction(root, asUser(origin, user), 'platform', async (ctx) => {
      const factor = await prove(ctx, user)
      if (!(await sessions.endPending(ctx.tx, pending.id, ctx.now()))) throw ended()
      return succeeded(ctx, user, factor, known, 2)
    })
  } catch (error) {
    if (error instanceof AppError)
      await transaction(root, origin, 'platform', (ctx) =>
        history.noteFailure(
          ctx,
          user,
          !admitted ? 'throttled' : given.passkey ? 'wrong_passkey' : 'wrong_code',
        ),
      )
    throw error
  }
}

/** Notes a whole log-in, and opens its session. */
export async function succeeded(
  ctx: Ctx,
  user: User,
  by: history.Success,
  known: boolean,
  tries: number,
  mfaByProvider = false,
): Promise<OpenedSession> {
  await throttle.forgive(ctx, user.email, known, tries)
  await history.noteSuccess(ctx, user, by, known)
  return openSession(ctx, user, by, { mfaByProvider })
}

async function openSession(
  ctx: Ctx,
  user: User,
  by: history.Success | 'pending',
  { methods = [], mfaByProvider = false }: { methods?: FactorMethod[]; mfaByProvider?: boolean },
): Promise<OpenedSession> {
  const pending = by === 'pending'
  const token = randomToken()
  const now = ctx.now()
  const expiresAt = new Date(now.getTime() + (pending ? PENDING_MS : ABSOLUTE_MS))
  await users.insertSession(ctx.tx, {
    id: newId(),
    token_hash: sha256(token),
    user_id: user.id,
    pending,
    verified_by: pending ? 'password' : by,
    sso_mfa: mfaByProvider,
    verified_at: now,
    created_at: now,
    last_seen_at: now,
    expires_at: expiresAt,
    ip: ctx.ip ?? null,
    user_agent: ctx.userAgent ?? null,
  })
  if (!pending) await endTooMany(ctx, user)
  const device = pending ? undefined : rememberDevice(ctx, user)
  return { token, expiresAt, userId: user.id, device, methods }
}

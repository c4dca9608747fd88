import { transaction, type Actor, type Ctx, type Origin, type Root } from '../../context.ts'
import * as sessions from '../../db/authSessions.ts'
import * as users from '../../db/users.ts'
import { AppError } from '../../errors.ts'
import { randomToken, sha256 } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import { hashPassword, isOutdated, isPassword } from '../../lib/password.ts'
import * as auditService from '../auditService.ts'
import * as factors from './factors.ts'

const ABSOLUTE_MS = 12 * 3_600_000
const PENDING_MS = 5 * 60_000
const PENDING_TRIES = 5

/** `token` is shown once and stored only as a hash. A pending session can give a second factor and nothing else. */
export type OpenedSession = { token: string; expiresAt: Date; userId: string; pending: boolean }
type User = { id: string; email: string }
type Verification = 'password' | factors.Factor

const ended = () =>
  new AppError('unauthenticated', 'The log-in took too long or was tried too often. Log in again.')

const asUser = (origin: Origin, { id, email }: User): Origin => ({
  ...origin,
  actor: { type: 'user', id, label: email } satisfies Actor,
})

/**
 * Checks e-mail and password and opens a session, a pending one for a user with a second factor. Both outcomes are
 * audited.
 * @throws AppError unauthenticated, the same for an unknown e-mail, a wrong password and a disabled user
 */
export async function login(
  root: Root,
  origin: Origin,
  credentials: { email: string; password: string },
): Promise<OpenedSession> {
  const user = await root.db.transaction('platform', (tx) => users.findByEmail(tx, credentials.email))
  // The slow part runs outside of any transaction.
  const right = await isPassword(user?.password_hash ?? null, credentials.password)
  if (!user || !right || user.state !== 'active') {
    const label = credentials.email.toLowerCase()
    await recordFailure(root, origin, { id: user?.id ?? 'unknown', email: label }, 'password')
    throw new AppError('unauthenticated', 'The e-mail or the password is wrong.')
  }
  const stored = user.password_hash ?? ''
  const renewed = isOutdated(stored) ? await hashPassword(credentials.password) : undefined
  return transaction(root, asUser(origin, user), 'platform', async (ctx) => {
    if (renewed !== undefined) await sessions.replacePasswordHash(ctx.tx, user.id, stored, renewed, ctx.now())
    if (await factors.isEnrolled(ctx, user.id)) return openSession(ctx, user, 'pending')
    return succeeded(ctx, user, 'password')
  })
}

/**
 * Exchanges a pending session and a second factor for a session with a new token. The pending one ends with it, and
 * after five wrong codes.
 * @throws AppError unauthenticated when the pending session has ended, invalid_input for a wrong code
 */
export async function verifyMfa(
  root: Root,
  origin: Origin,
  { token, code }: { token: string; code: string },
): Promise<OpenedSession> {
  const pending = await root.db.transaction('platform', (tx) =>
    sessions.tryPending(tx, sha256(token), root.now(), PENDING_TRIES),
  )
  if (!pending) throw ended()
  const user = { id: pending.user_id, email: pending.email }
  try {
    return await transaction(root, asUser(origin, user), 'platform', async (ctx) => {
      const factor = await factors.useFactor(ctx, user, code)
      if (!(await sessions.endPending(ctx.tx, pending.id, ctx.now()))) throw ended()
      return succeeded(ctx, user, factor)
    })
  } catch (error) {
    if (error instanceof AppError) await recordFailure(root, origin, user, 'code')
    throw error
  }
}

async function succeeded(ctx: Ctx, user: User, by: Verification): Promise<OpenedSession> {
  await auditService.record(ctx, {
    action: 'LOGIN_SUCCEEDED',
    tenantId: null,
    target: { type: 'user', id: user.id, label: user.email },
    details: { by },
  })
  return openSession(ctx, user, by)
}

async function openSession(ctx: Ctx, user: User, by: Verification | 'pending'): Promise<OpenedSession> {
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
    verified_at: now,
    created_at: now,
    last_seen_at: now,
    expires_at: expiresAt,
    ip: ctx.ip ?? null,
    user_agent: ctx.userAgent ?? null,
  })
  return { token, expiresAt, userId: user.id, pending }
}

const recordFailure = (root: Root, origin: Origin, user: User, why: 'password' | 'code'): Promise<void> =>
  transaction(root, origin, 'platform', (ctx) =>
    auditService.record(ctx, {
      action: 'LOGIN_FAILED',
      tenantId: null,
      target: { type: 'user', id: user.id, label: user.email },
      outcome: 'denied',
      details: { why },
    }),
  )

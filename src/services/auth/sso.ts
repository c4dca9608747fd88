import { domainOf, type SsoFault } from '../../../shared/api/authSso.ts'
import { transaction, type Origin, type Root } from '../../context.ts'
import * as db from '../../db/authSso.ts'
import { AppError } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import type { Identity } from '../userService.ts'
import { isKnownDevice } from './devices.ts'
import { addIdentity } from './identities.ts'
import { asUser, openOrAsk, requireAnyTenant, type OpenedSession } from './login.ts'
import type { RenewedSession } from './sessionTokens.ts'
import { signUp } from './ssoSignUp.ts'
import { stepUpBySso } from './ssoStepUp.ts'
import { begin, comeBack, noteRefusal, type Back, type Begun, type Purpose, type Returned } from './ssoWay.ts'
import * as throttle from './throttle.ts'

/** @property session of a log-in, or of a fresh proof with its new token */
export type Finished = { purpose: Purpose | undefined; returnTo: string | undefined } & (
  | { ok: true; session: OpenedSession | RenewedSession | undefined }
  | { ok: false; why: SsoFault }
)

/**
 * Begins a log-in at the provider that an e-mail leads to.
 * @throws AppError not_found when there is none, and those of `begin`
 */
export async function beginSso(
  root: Root,
  origin: Origin,
  { email, returnTo }: { email: string; returnTo?: string | undefined },
): Promise<Begun> {
  const id = await root.db.transaction('platform', (tx) => db.providerFor(tx, domainOf(email)))
  if (id === undefined)
    throw new AppError('not_found', 'There is no single sign-on for this e-mail. Log in with your password.')
  return begin(root, origin, id, { purpose: 'log_in', sessionId: null, returnTo })
}

/**
 * Begins to connect the caller with an identity of a provider.
 * @throws AppError not_found when the provider cannot vouch for him or is connected, and those of `begin`
 */
export async function beginSsoLink(
  root: Root,
  origin: Origin,
  me: Identity & { sessionId: string },
  { providerId, returnTo }: { providerId: string; returnTo: string },
): Promise<Begun> {
  const open = await root.db.transaction('platform', (tx) => db.connectable(tx, me.user.id, root.now()))
  const provider = open.find(({ id }) => id === providerId)
  if (!provider) throw new AppError('not_found', 'You cannot be connected with this identity provider.')
  const way = { purpose: 'connect', sessionId: me.sessionId, returnTo } as const
  const begun = await begin(root, origin, providerId, way)
  await transaction(root, origin, 'platform', (ctx) =>
    auditService.record(ctx, {
      action: 'SSO_CONNECTION_BEGUN',
      tenantId: null,
      target: { type: 'user', id: me.user.id, label: me.user.email },
      details: { provider: provider.name },
    }),
  )
  return begun
}

/**
 * Somebody comes back from a provider: opens a session for the user of its identity, connects the two, or counts as a
 * fresh proof. The identity is (issuer, subject) at this provider; an e-mail never decides whose account it is.
 * @throws AppError forbidden for a user of suspended tenants only
 */
export async function finishSso(
  root: Root,
  origin: Origin,
  returned: Returned & { me: Identity | undefined; device: string | undefined },
): Promise<Finished> {
  const back = await comeBack(root, origin, returned)
  const { purpose, returnTo } = back
  if ('why' in back) return { ok: false, why: back.why, purpose, returnTo }
  const done = await finish(root, origin, back, returned)
  if (typeof done === 'string') return { ok: false, why: done, purpose, returnTo }
  await transaction(root, origin, 'platform', (ctx) => throttle.forgiveFrom(ctx, back.row.id))
  return { ok: true, session: done, purpose, returnTo }
}

async function finish(
  root: Root,
  origin: Origin,
  back: Back,
  { me, device }: { me: Identity | undefined; device: string | undefined },
): Promise<OpenedSession | RenewedSession | SsoFault | undefined> {
  const { purpose, sessionId } = back
  if (purpose === 'log_in') return logIn(root, origin, back, device)
  if (sessionId === null || me?.sessionId !== sessionId) return 'stale'
  const here = { ...me, sessionId }
  return purpose === 'connect' ? connect(root, origin, back, here) : stepUpBySso(root, origin, back, here)
}

async function logIn(
  root: Root,
  origin: Origin,
  { row, person }: Back,
  device: string | undefined,
): Promise<OpenedSession | SsoFault> {
  const { user, wholly } = await root.db.transaction('platform', async (tx) => {
    const found = await db.findIdentity(tx, row.id, person.issuer, person.subject)
    const isWhole = found && (await db.belongsWhollyTo(tx, found.id, row.tenant_id, root.now()))
    return { user: found, wholly: isWhole === true }
  })
  if (!user) return signUp(root, origin, { row, person })
  if (user.state !== 'active' || !wholly) {
    await noteRefusal(root, origin, row, user)
    return user.state === 'active' ? 'refused' : 'unknown'
  }
  await requireAnyTenant(root, origin, user)
  return transaction(root, asUser(origin, user), 'platform', async (ctx) => {
    await db.useIdentity(ctx.tx, user.identity_id, ctx.now())
    return openOrAsk(ctx, user, {
      by: 'sso',
      known: isKnownDevice(root, user, device),
      tries: 0,
      isSecondFactor: row.trusts_mfa && person.multiFactor,
    })
  })
}

const connect = (
  root: Root,
  origin: Origin,
  { row, person }: Back,
  { user }: Identity,
): Promise<SsoFault | undefined> =>
  transaction(root, origin, 'platform', async (ctx) => {
    if (!(await db.belongsWhollyTo(ctx.tx, user.id, row.tenant_id, ctx.now()))) return 'refused'
    return (await addIdentity(ctx, user, row, person)) ? undefined : 'taken'
  })

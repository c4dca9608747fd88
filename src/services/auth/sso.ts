import type { SsoFault } from '../../../shared/api/authSso.ts'
import { transaction, type Origin, type Root } from '../../context.ts'
import * as db from '../../db/authSso.ts'
import { AppError } from '../../errors.ts'
import type { OidcPerson } from '../../integrations/oidc/types.ts'
import { randomToken, sha256 } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import type { Identity } from '../userService.ts'
import { isKnownDevice } from './devices.ts'
import * as history from './history.ts'
import { asUser, openOrAsk, requireAnyTenant, type OpenedSession } from './login.ts'
import { connectionOf } from './ssoProviders.ts'

/** How long somebody may take at the provider. */
export const SSO_MS = 10 * 60_000

/** `browser` goes into a cookie: only the browser that began may finish. */
export type Begun = { url: string; browser: string }
export type Finished =
  | { ok: true; session: OpenedSession | undefined; returnTo: string | undefined }
  | { ok: false; why: SsoFault; linking: boolean; returnTo: string | undefined }

/**
 * Begins a log-in at the provider that an e-mail leads to.
 * @throws AppError not_found when there is none, unavailable when the provider does not answer as it should
 */
export async function beginSso(
  root: Root,
  { email, returnTo }: { email: string; returnTo?: string | undefined },
): Promise<Begun> {
  const id = await root.db.transaction('platform', (tx) => db.providerFor(tx, email))
  if (id === undefined)
    throw new AppError('not_found', 'There is no single sign-on for this e-mail. Log in with your password.')
  return begin(root, id, { sessionId: null, returnTo })
}

/**
 * Begins to connect the caller with an identity of a provider.
 * @throws AppError not_found when the provider cannot vouch for him or is connected, unavailable
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
  const begun = await begin(root, providerId, { sessionId: me.sessionId, returnTo })
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

async function begin(
  root: Root,
  providerId: string,
  { sessionId, returnTo }: { sessionId: string | null; returnTo: string | undefined },
): Promise<Begun> {
  const row = await root.db.transaction('platform', (tx) => db.findProvider(tx, providerId))
  if (!row) throw new AppError('not_found', 'This identity provider is gone.')
  const [state, nonce, verifier, browser] = [randomToken(), randomToken(), randomToken(), randomToken()]
  const begun = await root.vendors.oidc(connectionOf(root, row)).begin({ state, nonce, verifier })
  if (!begun.ok)
    throw new AppError(
      'unavailable',
      `The identity provider cannot be used now: ${begun.fault}. Try again later.`,
    )
  await root.db.transaction('platform', (tx) =>
    db.insertState(tx, {
      state_hash: sha256(state),
      browser_hash: sha256(browser),
      provider_id: providerId,
      session_id: sessionId,
      nonce,
      verifier,
      return_to: returnTo ?? null,
      expires_at: new Date(root.now().getTime() + SSO_MS),
    }),
  )
  return { url: begun.value, browser }
}

/**
 * Somebody comes back from a provider: opens a session for the user of its identity, or connects the two. The identity
 * is (issuer, subject) at this provider; an e-mail never decides.
 * @param returned the address the browser came to, under our public one
 * @throws AppError forbidden for a user of suspended tenants only
 */
export async function finishSso(
  root: Root,
  origin: Origin,
  returned: {
    providerId: string
    url: URL
    browser: string
    me: Identity | undefined
    device: string | undefined
  },
): Promise<Finished> {
  const state = returned.url.searchParams.get('state') ?? ''
  const { kept, row } = await root.db.transaction('platform', async (tx) => {
    const { providerId, browser } = returned
    const where = { hash: sha256(state), browserHash: sha256(browser), providerId }
    const taken = await db.takeState(tx, where, root.now())
    return { kept: taken, row: taken && (await db.findProvider(tx, providerId)) }
  })
  if (!kept || !row) return { ok: false, why: 'stale', linking: false, returnTo: undefined }
  const returnTo = kept.return_to ?? undefined
  const linking = kept.session_id !== null
  const failed = (why: SsoFault): Finished => ({ ok: false, why, linking, returnTo })
  if (!row.enabled) return failed('refused')
  if (returned.url.searchParams.has('error')) return failed('denied')
  const { nonce, verifier } = kept
  const proof = await root.vendors
    .oidc(connectionOf(root, row))
    .finish(returned.url, { state, nonce, verifier })
  if (!proof.ok) {
    root.log.warn({ provider: row.id, fault: proof.fault }, 'a single sign-on was refused')
    await noteRefusal(root, origin, row, undefined)
    return failed('failed')
  }
  if (!linking) {
    const session = await logIn(root, origin, row, proof.value, returned.device)
    return typeof session === 'string' ? failed(session) : { ok: true, session, returnTo }
  }
  if (returned.me?.sessionId !== kept.session_id || returned.me === undefined) return failed('stale')
  const fault = await connect(root, origin, row, proof.value, returned.me)
  return fault === undefined ? { ok: true, session: undefined, returnTo } : failed(fault)
}

type User = { id: string; email: string }

const noteRefusal = (
  root: Root,
  origin: Origin,
  row: db.ProviderRow,
  user: User | undefined,
): Promise<void> =>
  transaction(root, origin, 'platform', (ctx) =>
    history.noteFailure(ctx, user ?? { id: undefined, email: `by ${row.name}` }, 'sso_refused'),
  )

async function logIn(
  root: Root,
  origin: Origin,
  row: db.ProviderRow,
  person: OidcPerson,
  device: string | undefined,
): Promise<OpenedSession | SsoFault> {
  const { user, wholly } = await root.db.transaction('platform', async (tx) => {
    const found = await db.findIdentity(tx, row.id, person.issuer, person.subject)
    const isWhole = found && (await db.belongsWhollyTo(tx, found.id, row.tenant_id, root.now()))
    return { user: found, wholly: isWhole === true }
  })
  if (!user || user.state !== 'active' || !wholly) {
    await noteRefusal(root, origin, row, user)
    return user && user.state === 'active' ? 'refused' : 'unknown'
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

async function connect(
  root: Root,
  origin: Origin,
  row: db.ProviderRow,
  person: OidcPerson,
  { user }: Identity,
): Promise<SsoFault | undefined> {
  return transaction(root, origin, 'platform', async (ctx) => {
    if (!(await db.belongsWhollyTo(ctx.tx, user.id, row.tenant_id, ctx.now()))) return 'refused'
    const inserted = await db.insertIdentity(ctx.tx, {
      id: newId(),
      user_id: user.id,
      provider_id: row.id,
      issuer: person.issuer,
      subject: person.subject,
      label: person.label?.slice(0, 320) ?? null,
      created_at: ctx.now(),
    })
    if (!inserted) return 'taken'
    await auditService.record(ctx, {
      action: 'SSO_CONNECTED',
      tenantId: null,
      target: { type: 'user', id: user.id, label: user.email },
      details: { provider: row.name, issuer: person.issuer, subject: person.subject },
    })
    return undefined
  })
}

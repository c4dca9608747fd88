import type { SsoFault } from '../../../shared/api/authSso.ts'
import { transaction, type Origin, type Root } from '../../context.ts'
import * as db from '../../db/authSso.ts'
import { AppError } from '../../errors.ts'
import type { OidcPerson } from '../../integrations/oidc/types.ts'
import { randomToken, sha256 } from '../../lib/crypto.ts'
import * as history from './history.ts'
import { connectionOf } from './ssoProviders.ts'
import * as throttle from './throttle.ts'

/** How long somebody may take at the provider. */
export const SSO_MS = 10 * 60_000

export type Purpose = 'log_in' | 'connect' | 'step_up'

/** `browser` goes into a cookie: only the browser that began may finish. */
export type Begun = { url: string; browser: string }

/** What the browser brings back. @property url the address it came to, under our public one */
export type Returned = { providerId: string; url: URL; browser: string }

/** What was begun, and whom the provider vouches for. */
export type Back = {
  purpose: Purpose
  returnTo: string | undefined
  sessionId: string | null
  begunAt: Date
  row: db.ProviderRow
  person: OidcPerson
}
type Failed = { why: SsoFault } & Partial<Pick<Back, 'purpose' | 'returnTo' | 'sessionId' | 'row'>>

/**
 * Sends somebody on the way to a provider.
 * @throws AppError not_found, too_many_requests after failures from this network, unavailable when the provider does not
 * answer as it should
 */
export async function begin(
  root: Root,
  origin: Origin,
  providerId: string,
  way: { purpose: Purpose; sessionId: string | null; returnTo: string | undefined },
): Promise<Begun> {
  const { row, isPaused } = await transaction(root, origin, 'platform', async (ctx) => ({
    row: await db.findProvider(ctx.tx, providerId),
    isPaused: await throttle.isPausedFor(ctx, providerId),
  }))
  if (!row) throw new AppError('not_found', 'This identity provider is gone.')
  if (isPaused)
    throw new AppError(
      'too_many_requests',
      'Single sign-on failed too often from your network. Wait a while, then try again.',
    )
  const [state, nonce, verifier, browser] = [randomToken(), randomToken(), randomToken(), randomToken()]
  const begun = await root.vendors
    .oidc(connectionOf(root, row))
    .begin({ state, nonce, verifier }, { anew: way.purpose === 'step_up' })
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
      purpose: way.purpose,
      session_id: way.sessionId,
      nonce,
      verifier,
      return_to: way.returnTo ?? null,
      expires_at: new Date(root.now().getTime() + SSO_MS),
    }),
  )
  return { url: begun.value, browser }
}

/**
 * Takes what was begun in this browser, and asks the provider who it is. Who comes with nothing that was begun is not
 * counted: any page on the web can send the browsers of others here.
 */
export async function comeBack(root: Root, origin: Origin, returned: Returned): Promise<Back | Failed> {
  const { providerId, url, browser } = returned
  const state = url.searchParams.get('state') ?? ''
  const { kept, row, isAdmitted } = await transaction(root, origin, 'platform', async (ctx) => {
    const where = { hash: sha256(state), browserHash: sha256(browser), providerId }
    const taken = await db.takeState(ctx.tx, where, ctx.now())
    return {
      kept: taken,
      row: taken && (await db.findProvider(ctx.tx, providerId)),
      isAdmitted: taken !== undefined && (await throttle.admitFrom(ctx, providerId)),
    }
  })
  if (!kept || !row) return { why: 'stale' }
  const { purpose, session_id: sessionId, nonce, verifier } = kept
  const way = { purpose, sessionId, row, returnTo: kept.return_to ?? undefined }
  if (!isAdmitted) {
    await noteRefusal(root, origin, row, undefined, 'throttled')
    return { ...way, why: 'throttled' }
  }
  if (!row.enabled) return { ...way, why: 'refused' }
  if (url.searchParams.has('error')) return { ...way, why: 'denied' }
  const proof = await root.vendors
    .oidc(connectionOf(root, row))
    .finish(url, { state, nonce, verifier }, { email: row.sign_up_role_id !== null })
  if (!proof.ok) {
    root.log.warn({ provider: row.id, fault: proof.fault }, 'a single sign-on was refused')
    await noteRefusal(root, origin, row, undefined)
    return { ...way, why: 'failed' }
  }
  return { ...way, begunAt: new Date(kept.expires_at.getTime() - SSO_MS), person: proof.value }
}

/** Notes that a provider's word opened nothing. `user` undefined: nobody here is meant by it. */
export const noteRefusal = (
  root: Root,
  origin: Origin,
  row: db.ProviderRow,
  user: { id: string; email: string } | undefined,
  why: 'sso_refused' | 'throttled' = 'sso_refused',
): Promise<void> =>
  transaction(root, origin, 'platform', (ctx) =>
    history.noteFailure(ctx, user ?? { id: undefined, email: `by ${row.name}` }, why),
  )

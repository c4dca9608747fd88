import type { SslIssuerCheck } from '../../../shared/api/sslIssuers.ts'
import { transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import { AppError } from '../../errors.ts'
import type { IssuerRow } from '../../db/sslIssuers.ts'
import { faultOf } from '../../lib/outcome.ts'
import * as auditService from '../auditService.ts'
import { keepAccountUrl, ownAccount } from './accounts.ts'
import { knownIssuer, noteIssuerProblem } from './issuers.ts'

const TIMEOUT_MS = 5_000

/**
 * Asks a CA for its directory and for the panel's account, which is made if it was not: the same key gives the same account.
 * A request waits for these calls, as the person who has asked does.
 * @throws AppError not_found, invalid_state for the CA inside mPanel
 */
export async function checkIssuer(root: Root, origin: Origin, id: string): Promise<SslIssuerCheck> {
  const within = <T>(work: (ctx: Ctx) => Promise<T>): Promise<T> =>
    transaction(root, origin, 'platform', work)
  const issuer = await within((ctx) => knownIssuer(ctx, id))
  if (issuer.kind === 'private')
    throw new AppError('invalid_state', 'The private CA is inside mPanel: there is nothing to reach.')
  const problems = await ask(root, issuer, within)
  await within(async (ctx) => {
    await noteIssuerProblem(ctx, id, problems[0] ?? null)
    await auditService.record(ctx, {
      action: 'SSL_ISSUER_CHECKED',
      tenantId: null,
      target: { type: 'sslIssuer', id, label: issuer.name },
      outcome: problems.length === 0 ? 'success' : 'error',
      details: { problems },
    })
  })
  return { problems }
}

async function ask(
  root: Root,
  issuer: IssuerRow,
  within: <T>(work: (ctx: Ctx) => Promise<T>) => Promise<T>,
): Promise<string[]> {
  const { id, connection, email, externalAccount, isChanging } = await ownAccount(within, issuer)
  if (isChanging) return ['The key of the account is being changed: check again when that is done.']
  const acme = root.vendors.acme({ ...connection, timeoutMs: TIMEOUT_MS })
  const directory = await acme.directory()
  if (directory.outcome !== 'ok') return [faultOf(directory)]
  const { needsExternalAccount, profiles } = directory.value
  if (needsExternalAccount && externalAccount === null)
    return [
      'The CA wants an external account: add it anew, with the key id and the key that the CA has given you.',
    ]
  const account = await acme.register({ email, ...(externalAccount === null ? {} : { externalAccount }) })
  if (account.outcome !== 'ok') return [faultOf(account)]
  if (account.value.url !== connection.accountUrl)
    await within((ctx) => keepAccountUrl(ctx, id, account.value.url))
  const { profile } = issuer
  return profile === null || profiles.includes(profile)
    ? []
    : [`The CA has no profile ${profile}${profiles.length === 0 ? '' : `, but ${profiles.join(', ')}`}.`]
}

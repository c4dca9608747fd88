import { canSslIssuer } from '../../../shared/states/ssl.ts'
import type { Ctx } from '../../context.ts'
import * as issuers from '../../db/sslIssuers.ts'
import type { AccountRow, IssuerRow } from '../../db/sslIssuers.ts'
import { notFound, requireAllowed } from '../../errors.ts'
import type { AcmeConnection } from '../../integrations/acme/types.ts'
import { isLost } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import { newKey } from '../../lib/x509/make.ts'
import * as auditService from '../auditService.ts'
import { enqueueRollover, type RolloverPayload } from '../sslQueues.ts'
import { knownIssuer, purposeOfEab } from './issuers.ts'

/** The panel's account at a CA, and its key. */

const purposeOfAccount = (id: string): string => `acmeAccount:${id}`
const purposeOfNext = (id: string): string => `acmeAccountNext:${id}`

export type Account = {
  id: string
  connection: AcmeConnection
  email: string | null
  externalAccount: { kid: string; hmacKey: string } | null
  /** Its key is being changed: nobody knows yet which one the CA has. */
  isChanging: boolean
}

/** The account at an issuer, or null where none was made yet. */
export async function accountFor(ctx: Ctx, issuer: IssuerRow): Promise<Account | null> {
  const account = await issuers.accountOf(ctx.tx, issuer.id)
  if (!account) return null
  return {
    id: account.id,
    connection: {
      directoryUrl: issuer.directory_url ?? '',
      ...(issuer.ca_pem === null ? {} : { ca: issuer.ca_pem }),
      accountKeyPem: ctx.sealer.open(account.key_sealed, purposeOfAccount(account.id)),
      accountUrl: account.url,
    },
    email: issuer.email,
    isChanging: account.next_key_sealed !== null,
    externalAccount:
      issuer.eab_kid === null || issuer.eab_key_sealed === null
        ? null
        : { kid: issuer.eab_kid, hmacKey: ctx.sealer.open(issuer.eab_key_sealed, purposeOfEab(issuer.id)) },
  }
}

/**
 * The account at an issuer, with a key that is made where there is none.
 * @param within runs in a transaction of its own
 */
export async function ownAccount(
  within: <T>(work: (ctx: Ctx) => Promise<T>) => Promise<T>,
  issuer: IssuerRow,
): Promise<Account> {
  const known = await within((ctx) => accountFor(ctx, issuer))
  if (known) return known
  const keyPem = await newKey()
  await within((ctx) => keepAccountKey(ctx, issuer.id, keyPem))
  const made = await within((ctx) => accountFor(ctx, issuer))
  if (made === null) throw new Error('the account was not kept')
  return made
}

/** The key is there before the CA hears of it, so that the account is found again whatever happens. */
export async function keepAccountKey(ctx: Ctx, issuerId: string, keyPem: string): Promise<void> {
  const id = newId()
  await issuers.insertAccount(ctx.tx, {
    id,
    issuer_id: issuerId,
    key_sealed: ctx.sealer.seal(keyPem, purposeOfAccount(id)),
    created_at: ctx.now(),
  })
}

/**
 * Gives every account whose key was lost a new one: the CA makes a new account of it at its next use. What was lost in the middle
 * of a change of keys is settled by it.
 */
export async function remakeAccountKeys(ctx: Ctx): Promise<void> {
  for (const { id, key_sealed: sealed, next_key_sealed: next } of await issuers.allAccounts(ctx.tx)) {
    if (isLost(sealed))
      await issuers.updateAccount(ctx.tx, id, {
        key_sealed: ctx.sealer.seal(await newKey(), purposeOfAccount(id)),
        next_key_sealed: null,
        url: null,
      })
    else if (isLost(next)) await issuers.updateAccount(ctx.tx, id, { next_key_sealed: null })
  }
}

/** @param url null: the CA no longer knows it */
export const keepAccountUrl = (ctx: Ctx, accountId: string, url: string | null): Promise<void> =>
  issuers.setAccountUrl(ctx.tx, accountId, url)

/**
 * Gives the account another key (RFC 8555, section 7.3.5), by a job. The new key is kept before the CA hears of it, and the
 * old one until the CA has it: whatever is lost on the way, the CA itself then says which of the two it has.
 * @throws AppError not_found, invalid_state
 */
export async function changeAccountKey(ctx: Ctx, issuerId: string): Promise<{ jobId: string }> {
  const issuer = await knownIssuer(ctx, issuerId)
  const account = await issuers.accountOf(ctx.tx, issuerId)
  requireAllowed(
    canSslIssuer.changeKey({
      kind: issuer.kind,
      hasAccount: issuer.has_account,
      isChanging: account?.next_key_sealed !== null,
    }),
  )
  if (!account) throw notFound('account')
  const next = ctx.sealer.seal(await newKey(), purposeOfNext(account.id))
  await issuers.updateAccount(ctx.tx, account.id, { next_key_sealed: next })
  const job = await enqueueRollover(ctx, issuer, account.id)
  await say(ctx, issuer, 'SSL_ACCOUNT_KEY_CHANGE_REQUESTED')
  return { jobId: job.id }
}

const say = (
  ctx: Ctx,
  { id, name }: Pick<IssuerRow, 'id' | 'name'>,
  action: string,
  details: Record<string, unknown> = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: null,
    target: { type: 'sslIssuer', id, label: name },
    details,
  })

type KeyChange = { now: AcmeConnection; next: AcmeConnection }

async function opened(
  ctx: Ctx,
  payload: RolloverPayload,
): Promise<{ issuer: IssuerRow; account: AccountRow }> {
  const issuer = await issuers.find(ctx.tx, payload.issuerId)
  const account = await issuers.lockAccount(ctx.tx, payload.accountId)
  if (!issuer || !account) throw notFound('account')
  return { issuer, account }
}

/** The account by its key and by the next one; null when the change is over. @throws AppError not_found */
export async function openKeyChange(ctx: Ctx, payload: RolloverPayload): Promise<KeyChange | null> {
  const { issuer, account } = await opened(ctx, payload)
  const known = await accountFor(ctx, issuer)
  if (!known || account.next_key_sealed === null) return null
  const accountKeyPem = ctx.sealer.open(account.next_key_sealed, purposeOfNext(account.id))
  return { now: known.connection, next: { ...known.connection, accountKeyPem } }
}

/** The CA has the next key. Safe to call again. */
export async function finishKeyChange(ctx: Ctx, payload: RolloverPayload): Promise<void> {
  const { issuer, account } = await opened(ctx, payload)
  if (account.next_key_sealed === null) return
  const keyPem = ctx.sealer.open(account.next_key_sealed, purposeOfNext(account.id))
  await issuers.updateAccount(ctx.tx, account.id, {
    key_sealed: ctx.sealer.seal(keyPem, purposeOfAccount(account.id)),
    next_key_sealed: null,
    key_changed_at: ctx.now(),
  })
  await say(ctx, issuer, 'SSL_ACCOUNT_KEY_CHANGED')
}

/** The CA does not have it, and is not told of it any more. */
export async function dropKeyChange(ctx: Ctx, payload: RolloverPayload): Promise<void> {
  const { issuer, account } = await opened(ctx, payload)
  if (account.next_key_sealed === null) return
  await issuers.updateAccount(ctx.tx, account.id, { next_key_sealed: null })
  await say(ctx, issuer, 'SSL_ACCOUNT_KEY_KEPT')
}

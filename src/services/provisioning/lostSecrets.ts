import type { Ctx } from '../../context.ts'
import * as installation from '../../db/installation.ts'
import { lostIn, SEALED, type SealedColumn } from '../../db/provisioningSealed.ts'

/** What was sealed, in words: what there was of it, and what makes it whole again. */
type Words = { what: string; cure: string }

const AGAIN = 'Enter it again on its page.'
const ADD_ANEW = 'Remove it and add it anew; its receiver needs the new secret.'

/** By `table.column`. A test finds what is missing here. */
const WORDS: Readonly<Record<string, Words>> = {
  'acme_accounts.key_sealed': {
    what: 'keys of accounts at CAs',
    cure: 'Each gets a new key at once, and with it a new account when it is needed next.',
  },
  'acme_accounts.next_key_sealed': {
    what: 'keys that accounts at CAs were about to get',
    cure: 'The new key of the account takes their place.',
  },
  'acme_orders.key_sealed': {
    what: 'keys of certificates that are being issued',
    cure: 'Their orders fail, and are begun anew.',
  },
  'audit_sinks.secret': { what: 'secrets of receivers of the audit log', cure: ADD_ANEW },
  'audit_webhooks.former_secret': {
    what: 'former secrets of webhooks',
    cure: 'Make new secrets on the pages of the webhooks.',
  },
  'audit_webhooks.secret': {
    what: 'secrets of webhooks',
    cure: 'Make a new one on its page, and give it to the receiver.',
  },
  'billing_providers.key_sealed': { what: 'keys of payment providers', cure: AGAIN },
  'billing_providers.webhook_secret_sealed': {
    what: 'webhook secrets of payment providers',
    cure: AGAIN,
  },
  'clusters.token_secret_sealed': { what: 'tokens of clusters', cure: AGAIN },
  'dns_servers.api_key_sealed': { what: 'keys of DNS servers', cure: AGAIN },
  'dns_servers.transfer_key_sealed': {
    what: 'keys of secondary DNS servers',
    cure: 'Make a new one on the page of the server, and give it to the secondaries.',
  },
  'domain_operations.secret_sealed': {
    what: 'codes of domain transfers that are under way',
    cure: 'Cancel the waiting job and order the transfer again with its code.',
  },
  'ip_sources.token_sealed': { what: 'tokens of NetBoxes', cure: AGAIN },
  'mails.body': {
    what: 'texts of mails',
    cure: 'What was not sent fails: send invitations again, and have passwords reset again.',
  },
  'registrar_accounts.secret_sealed': { what: 'secrets of registrars', cure: AGAIN },
  'ssl_certificate_versions.key_sealed': {
    what: 'private keys of certificates',
    cure: 'What is installed goes on. Renew each, or upload it again.',
  },
  'ssl_issuers.eab_key_sealed': {
    what: 'keys of external accounts at CAs',
    cure: 'Add the issuer anew with the key that the CA gives, then retire the old one.',
  },
  'ssl_issuers.key_sealed': {
    what: 'keys of the private CA',
    cure: 'It gets a new root at once: whoever trusts the old one has to trust the new.',
  },
  'ssl_targets.secret_sealed': { what: 'secrets of webhooks for certificates', cure: ADD_ANEW },
  'sso_providers.client_secret': { what: 'client secrets of identity providers', cure: AGAIN },
  'user_totp.secret': {
    what: 'authenticator apps of people',
    cure: 'They log in with a recovery code or a passkey and set the app up anew, or `mpanel admin remove-totp` removes it.',
  },
}

/** @throws Error for a column without words */
export function wordsOf({ table, column }: Pick<SealedColumn, 'table' | 'column'>): Words {
  const words = WORDS[`${table}.${column}`]
  if (!words) throw new Error(`${table}.${column} has no words for what is lost`)
  return words
}

export type LostSecrets = Words & { ref: string; n: number; names: string[] }

const LOST_AT = 'secretsLostAt'

/** From now on it is looked for what waits for its secret. */
export const noteLoss = (ctx: Ctx): Promise<void> =>
  installation.write(ctx.tx, LOST_AT, ctx.now().toISOString(), ctx.now())

/**
 * What has lost its secret and waits for a person, by kind; `names` are the first of them. No index knows: an installation that
 * has never lost a key does not read its mails and certificates for it.
 */
export async function lostSecrets(ctx: Ctx): Promise<LostSecrets[]> {
  if ((await installation.read(ctx.tx, LOST_AT)) === undefined) return []
  const found: LostSecrets[] = []
  for (const column of SEALED) {
    const { n, names } = await lostIn(ctx.tx, column)
    if (n > 0) found.push({ ...wordsOf(column), ref: `${column.table}.${column.column}`, n, names })
  }
  return found
}

/** `tokens of clusters (12): one, two and 10 more` */
export const counted = (what: string, n: number, names: readonly string[]): string =>
  `${what} (${n}): ${names.join(', ')}${n > names.length ? ` and ${n - names.length} more` : ''}`

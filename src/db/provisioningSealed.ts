import { sql } from 'kysely'
import type { Tx } from './index.ts'
import type { Tables } from './types.ts'

export type SealedColumn = {
  table: keyof Tables
  id: string
  column: string
  purpose: (id: string) => string
}

const of = (
  table: keyof Tables,
  column: string,
  purpose: SealedColumn['purpose'],
  id = 'id',
): SealedColumn => ({
  table,
  id,
  column,
  purpose,
})

/** Every column that holds sealed secrets, with the purpose that is bound into them. A test finds what is missing here. */
export const SEALED: readonly SealedColumn[] = [
  of('acme_accounts', 'key_sealed', (id) => `acmeAccount:${id}`),
  of('acme_accounts', 'next_key_sealed', (id) => `acmeAccountNext:${id}`),
  of('acme_orders', 'key_sealed', (id) => `sslKey:${id}`),
  of('audit_sinks', 'secret', (id) => `audit.sink:${id}`),
  of('audit_webhooks', 'former_secret', (id) => `audit.webhook:${id}`),
  of('audit_webhooks', 'secret', (id) => `audit.webhook:${id}`),
  of('billing_providers', 'key_sealed', (id) => `billingProvider:${id}:key`),
  of('billing_providers', 'webhook_secret_sealed', (id) => `billingProvider:${id}:webhook`),
  of('clusters', 'token_secret_sealed', (id) => `cluster:${id}`),
  of('dns_servers', 'api_key_sealed', (id) => `dnsServer:${id}`),
  of('dns_servers', 'transfer_key_sealed', (id) => `dnsTransferKey:${id}`),
  of('domain_operations', 'secret_sealed', (id) => `domainOperation:${id}`),
  of('ip_sources', 'token_sealed', (id) => `ipSource:${id}`),
  of('mails', 'body', (id) => `mail:${id}`),
  of('registrar_accounts', 'secret_sealed', (id) => `registrar:${id}`),
  of('ssl_certificate_versions', 'key_sealed', (id) => `sslKey:${id}`),
  of('ssl_issuers', 'eab_key_sealed', (id) => `sslEab:${id}`),
  of('ssl_issuers', 'key_sealed', (id) => `sslRoot:${id}`),
  of('ssl_targets', 'secret_sealed', (id) => `sslTarget:${id}`),
  of('sso_providers', 'client_secret', (id) => `sso-provider:${id}`),
  of('user_totp', 'secret', (id) => `totp:${id}`, 'user_id'),
]

/** The next sealed values of a column behind an id, in the order of ids; what was emptied is none. */
export async function sealedAfter(
  tx: Tx,
  { table, id, column }: SealedColumn,
  after: string,
  limit: number,
): Promise<{ id: string; sealed: Buffer }[]> {
  const { rows } = await sql<{
    id: string
    sealed: Buffer
  }>`select ${sql.ref(id)} as id, ${sql.ref(column)} as sealed
    from ${sql.table(table)} where ${sql.ref(id)} > ${after} and length(${sql.ref(column)}) > 0
    order by ${sql.ref(id)} limit ${limit}`.execute(tx)
  return rows
}

/** Replaces a value, unless somebody else has changed it since it was read. */
export async function replaceSealed(
  tx: Tx,
  { table, id, column }: SealedColumn,
  row: { id: string; sealed: Buffer },
  now: Buffer,
): Promise<void> {
  await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${now}
    where ${sql.ref(id)} = ${row.id} and ${sql.ref(column)} = ${row.sealed}`.execute(tx)
}

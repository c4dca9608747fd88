import { sql } from 'kysely'
import { LOST } from '../lib/crypto.ts'
import type { Tx } from './index.ts'
import type { Tables } from './types.ts'

export type SealedColumn = {
  table: keyof Tables
  id: string
  column: string
  purpose: (id: string) => string
  /** What people call the row, as SQL over it. */
  name: string
  /** Whether the row says in `health` and `health_message` how its outside system is. */
  hasHealth: boolean
}

const of = (
  table: keyof Tables,
  column: string,
  purpose: SealedColumn['purpose'],
  name: string,
  { id = 'id', hasHealth = false }: { id?: string; hasHealth?: boolean } = {},
): SealedColumn => ({ table, id, column, purpose, name, hasHealth })

const HEALTH = { hasHealth: true }
const nameIn = (table: string, key: string, name = 'name'): string =>
  `(select o.${name} from ${table} o where o.id = t.${key})`
const COLLECTOR = `t.kind || coalesce(' of ' || ${nameIn('tenants', 'tenant_id')}, '')`
const CERTIFICATE = nameIn('ssl_certificates', 'certificate_id', 'names[1]')

/** Every column that holds sealed secrets, with the purpose that is bound into them. A test finds what is missing here. */
export const SEALED: readonly SealedColumn[] = [
  of('acme_accounts', 'key_sealed', (id) => `acmeAccount:${id}`, nameIn('ssl_issuers', 'issuer_id')),
  of('acme_accounts', 'next_key_sealed', (id) => `acmeAccountNext:${id}`, nameIn('ssl_issuers', 'issuer_id')),
  of('acme_orders', 'key_sealed', (id) => `sslKey:${id}`, CERTIFICATE),
  of('audit_sinks', 'secret', (id) => `audit.sink:${id}`, 't.name'),
  of('audit_webhooks', 'former_secret', (id) => `audit.webhook:${id}`, 't.url'),
  of('audit_webhooks', 'secret', (id) => `audit.webhook:${id}`, 't.url'),
  of('billing_providers', 'key_sealed', (id) => `billingProvider:${id}:key`, COLLECTOR, HEALTH),
  of(
    'billing_providers',
    'webhook_secret_sealed',
    (id) => `billingProvider:${id}:webhook`,
    COLLECTOR,
    HEALTH,
  ),
  of('clusters', 'token_secret_sealed', (id) => `cluster:${id}`, 't.name', HEALTH),
  of('dns_servers', 'api_key_sealed', (id) => `dnsServer:${id}`, 't.name', HEALTH),
  of('dns_servers', 'transfer_key_sealed', (id) => `dnsTransferKey:${id}`, 't.name'),
  of('domain_operations', 'secret_sealed', (id) => `domainOperation:${id}`, nameIn('domains', 'domain_id')),
  of('ip_sources', 'token_sealed', (id) => `ipSource:${id}`, 't.name', HEALTH),
  of('mails', 'body', (id) => `mail:${id}`, 't.subject'),
  of('registrar_accounts', 'secret_sealed', (id) => `registrar:${id}`, 't.name', HEALTH),
  of('ssl_certificate_versions', 'key_sealed', (id) => `sslKey:${id}`, CERTIFICATE),
  of('ssl_issuers', 'eab_key_sealed', (id) => `sslEab:${id}`, 't.name'),
  of('ssl_issuers', 'key_sealed', (id) => `sslRoot:${id}`, 't.name'),
  of('ssl_targets', 'secret_sealed', (id) => `sslTarget:${id}`, 't.name'),
  of('sso_providers', 'client_secret', (id) => `sso-provider:${id}`, 't.name'),
  of('user_totp', 'secret', (id) => `totp:${id}`, nameIn('users', 'user_id', 'email'), { id: 'user_id' }),
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

/** Writes down that the secrets of some rows are lost. What asks an outside system with one says so at once. */
export async function markLost(
  tx: Tx,
  { table, id, column, hasHealth }: SealedColumn,
  rows: readonly string[],
  message: string,
): Promise<void> {
  const said = hasHealth ? sql`, health = 'failing', health_message = ${message}` : sql``
  await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${LOST} ${said}
    where ${sql.ref(id)} = any(${rows})`.execute(tx)
}

/** What people call some rows. */
export async function namesOf(
  tx: Tx,
  { table, id, name }: SealedColumn,
  rows: readonly string[],
): Promise<string[]> {
  const found = await sql<{ name: string | null }>`select ${sql.raw(name)} as name
    from ${sql.table(table)} t where t.${sql.ref(id)} = any(${rows}) order by 1`.execute(tx)
  return found.rows.map((row) => row.name ?? '')
}

/** How many rows of a column have lost their secret, and what people call the first of them. */
export async function lostIn(
  tx: Tx,
  { table, column, name }: SealedColumn,
): Promise<{ n: number; names: string[] }> {
  const { rows } = await sql<{ n: number; names: string[] }>`select count(*)::int as n,
      coalesce((array_agg(${sql.raw(name)} order by ${sql.raw(name)}))[1:5], '{}') as names
    from ${sql.table(table)} t where t.${sql.ref(column)} = ${LOST}`.execute(tx)
  return rows[0] ?? { n: 0, names: [] }
}

import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import { nameAndParents } from '../lib/x509/names.ts'
import type { Scope, Tx } from './index.ts'
import { containing, inScope, isOne, type PageOf } from './list.ts'
import type { SslCertificatesTable, SslCertificateVersionsTable } from './types.ts'

export type CertificateRow = Selectable<SslCertificatesTable>
export type VersionRow = Selectable<SslCertificateVersionsTable>

export async function insert(tx: Tx, row: Insertable<SslCertificatesTable>): Promise<void> {
  await tx.insertInto('ssl_certificates').values(row).execute()
}

export const find = (tx: Tx, id: string): Promise<CertificateRow | undefined> =>
  tx.selectFrom('ssl_certificates').selectAll().where('id', '=', id).executeTakeFirst()

export const lock = (tx: Tx, tenantId: string, id: string): Promise<CertificateRow | undefined> =>
  tx
    .selectFrom('ssl_certificates')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()

export const update = (
  tx: Tx,
  id: string,
  change: Updateable<SslCertificatesTable>,
): Promise<CertificateRow> =>
  tx
    .updateTable('ssl_certificates')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()

export type Filter = {
  q?: string | undefined
  state?: CertificateRow['state'] | undefined
  problems?: boolean | undefined
  endsBefore?: string | undefined
}

/** What never ends comes last. A case and not a coalesce: only the case may be looked up in an index under row-level security. */
const END = sql`(case when not_after is null then 'infinity' else not_after end)`
const endsBefore = (day: string) => sql<boolean>`${END} < ${day}::date::timestamptz`

/** Those that end first come first; those that were never issued come last. The cursor is the last one's id. */
export async function listByExpiry(
  tx: Tx,
  scope: Scope,
  filter: Filter,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<PageOf<CertificateRow>> {
  let query = tx
    .selectFrom('ssl_certificates')
    .selectAll()
    .orderBy(END)
    .orderBy('id')
    .limit(limit + 1)
  if (filter.q === undefined) {
    query = query
      .where(inScope(scope, 'ssl_certificates.tenant_id'))
      .where(filter.state === undefined ? sql<boolean>`state <> 'removed'` : isOne('state', filter.state))
    if (filter.problems === true) query = query.where('problem_code', 'is not', null)
    if (filter.endsBefore !== undefined) query = query.where(endsBefore(filter.endsBefore))
    if (cursor !== undefined)
      query = query.where(
        sql<boolean>`(${END}, id) > ((select ${END} from ssl_certificates where id = ${cursor}::uuid), ${cursor}::uuid)`,
      )
  } else {
    // By the function of the database that may use the index of names for it.
    const found = sql<string>`(select ssl_certificates_found(${containing(filter.q.toLowerCase())}, ${filter.state ?? null},
      ${filter.problems ?? null}, ${filter.endsBefore ?? null}::date::timestamptz, ${cursor ?? null}::uuid, ${limit + 1}))`
    query = query.where('id', 'in', found)
  }
  const rows = await query.execute()
  const items = rows.slice(0, limit)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** Whose turn it is, the most urgent first. */
export const due = (tx: Tx, at: Date, limit: number): Promise<CertificateRow[]> =>
  tx
    .selectFrom('ssl_certificates')
    .selectAll()
    .where('action', 'is', null)
    .where('state', 'in', ['pending', 'issued'])
    .where('due_at', '<=', at)
    .orderBy('due_at')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute()

/** Certificates whose CA is to be asked when it wants them renewed; each is put off, so that nobody else asks as well. */
export async function takeForAri(tx: Tx, at: Date, again: Date, limit: number) {
  const { rows } = await sql<CertificateRow & { ari_id: string; issued_by: string; not_before: Date }>`
    update ssl_certificates c set ari_poll_at = ${again}
    from ssl_certificate_versions v
    where v.id = c.version_id and v.ari_id is not null and v.issuer_id is not null and c.id in (
      select id from ssl_certificates where state = 'issued' and ari_poll_at <= ${at}
      order by ari_poll_at limit ${limit} for update skip locked)
    returning c.*, v.ari_id, v.issuer_id as issued_by, v.not_before`.execute(tx)
  return rows
}

/** Certificates whose servers were not looked at since; each is put off. */
export async function takeForCheck(tx: Tx, since: Date, at: Date, limit: number) {
  const { rows } = await sql<CertificateRow>`
    update ssl_certificates set checked_at = ${at} where id in (
      select id from ssl_certificates where state = 'issued' and (checked_at is null or checked_at <= ${since})
      order by checked_at nulls first limit ${limit} for update skip locked)
    returning *`.execute(tx)
  return rows
}

/** The names of a set that no proven domain of the tenant holds. */
export async function unproven(tx: Tx, tenantId: string, names: readonly string[]): Promise<string[]> {
  const all = names.flatMap(nameAndParents)
  const { rows } = await sql<{ name: string }>`select name from domains where tenant_id = ${tenantId}
    and verified_at is not null and ended_at is null and name = any (${all}::text[])`.execute(tx)
  const proven = new Set(rows.map(({ name }) => name))
  return names.filter((name) => !nameAndParents(name).some((holder) => proven.has(holder)))
}

export async function insertVersion(tx: Tx, row: Insertable<SslCertificateVersionsTable>): Promise<void> {
  await tx
    .updateTable('ssl_certificate_versions')
    .set({ state: 'superseded' })
    .where('certificate_id', '=', row.certificate_id)
    .where('state', '=', 'current')
    .execute()
  await tx.insertInto('ssl_certificate_versions').values(row).execute()
}

export const findVersion = (tx: Tx, tenantId: string, id: string): Promise<VersionRow | undefined> =>
  tx
    .selectFrom('ssl_certificate_versions')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()

const MAX_VERSIONS = 50

export const versionsOf = (tx: Tx, tenantId: string, certificateId: string): Promise<VersionRow[]> =>
  tx
    .selectFrom('ssl_certificate_versions')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('certificate_id', '=', certificateId)
    .orderBy('id', 'desc')
    .limit(MAX_VERSIONS)
    .execute()

export async function revokeVersion(tx: Tx, id: string, reason: string, at: Date): Promise<void> {
  await tx
    .updateTable('ssl_certificate_versions')
    .set({ state: 'revoked', revoked_at: at, revoke_reason: reason })
    .where('id', '=', id)
    .execute()
}

/** The one for exactly these names that was not removed. @param nameSet as `nameSetOf` makes it */
export const withNames = (tx: Tx, tenantId: string, nameSet: string): Promise<{ id: string } | undefined> =>
  tx
    .selectFrom('ssl_certificates')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('name_set', '=', nameSet)
    .where('state', '<>', 'removed')
    .executeTakeFirst()

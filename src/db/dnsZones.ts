import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'
import type { DnsRecordsTable, DnsRevisionsTable, DnsZonesTable, DomainsTable } from './types.ts'

export type ZoneRow = Selectable<DnsZonesTable>
/** The zone of a domain; others are reverse zones, which are the platform's. */
export type DomainZoneRow = ZoneRow & { tenant_id: string; domain_id: string }
export type RecordRow = Selectable<DnsRecordsTable>
export type RevisionRow = Selectable<DnsRevisionsTable>

/** Of a tenant's domain that is still there, held as it is. */
export const shareDomain = (
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<Selectable<DomainsTable> | undefined> =>
  tx
    .selectFrom('domains')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forKeyShare()
    .executeTakeFirst()

export const find = (tx: Tx, id: string): Promise<ZoneRow | undefined> =>
  tx.selectFrom('dns_zones').selectAll().where('id', '=', id).executeTakeFirst()

/** Whoever edits a zone, or says what came of it, does so alone. */
export const lock = (tx: Tx, id: string): Promise<ZoneRow | undefined> =>
  tx.selectFrom('dns_zones').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()

export const isOfDomain = (zone: ZoneRow): zone is DomainZoneRow =>
  zone.tenant_id !== null && zone.domain_id !== null

export const ofDomain = async (
  tx: Tx,
  tenantId: string,
  domainId: string,
): Promise<DomainZoneRow | undefined> => {
  const zone = await tx
    .selectFrom('dns_zones')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('domain_id', '=', domainId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return zone && isOfDomain(zone) ? zone : undefined
}

/** The zone with one of these names, the longest first; one that is being removed holds nothing any more. */
export const withName = (tx: Tx, names: readonly string[]): Promise<ZoneRow | undefined> =>
  tx
    .selectFrom('dns_zones')
    .selectAll()
    .where('name', 'in', [...names])
    .where('ended_at', 'is', null)
    .where('state', 'not in', ['ending', 'ended'])
    .orderBy(sql`length(name)`, 'desc')
    .limit(1)
    .executeTakeFirst()

export async function insert(tx: Tx, zone: Insertable<DnsZonesTable>): Promise<void> {
  await tx.insertInto('dns_zones').values(zone).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<DnsZonesTable>): Promise<void> {
  await tx.updateTable('dns_zones').set(change).where('id', '=', id).execute()
}

export const records = (tx: Tx, zoneId: string): Promise<RecordRow[]> =>
  tx
    .selectFrom('dns_records')
    .selectAll()
    .where('zone_id', '=', zoneId)
    .orderBy('name')
    .orderBy('type')
    .orderBy('content')
    .execute()

type Key = { name: string; type: string }

export type ServedRow = Pick<RecordRow, 'name' | 'type' | 'ttl' | 'content' | 'managed_by'>

/** The same, with what a server is told of them. */
export const servedRecords = (tx: Tx, zoneId: string): Promise<ServedRow[]> =>
  tx
    .selectFrom('dns_records')
    .select(['name', 'type', 'ttl', 'content', 'managed_by'])
    .where('zone_id', '=', zoneId)
    .orderBy('name')
    .orderBy('type')
    .orderBy('content')
    .execute()

/** Those at these names and types. */
export const recordsAt = async (tx: Tx, zoneId: string, keys: readonly Key[]): Promise<RecordRow[]> => {
  if (keys.length === 0) return []
  const { rows } = await sql<RecordRow>`select r.* from dns_records r
    join (select distinct * from jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) as k (name text, type text)) k
      on k.name = r.name and k.type = r.type
    where r.zone_id = ${zoneId} order by r.name, r.type, r.content`.execute(tx)
  return rows
}

export const typesAt = async (tx: Tx, zoneId: string, name: string): Promise<RecordRow[]> =>
  tx.selectFrom('dns_records').selectAll().where('zone_id', '=', zoneId).where('name', '=', name).execute()

export const countRecords = async (tx: Tx, zoneId: string): Promise<number> => {
  const { n } = await tx
    .selectFrom('dns_records')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('zone_id', '=', zoneId)
    .executeTakeFirstOrThrow()
  return n
}

export async function removeRecords(tx: Tx, zoneId: string, ids: readonly string[] | 'all'): Promise<void> {
  const query = tx.deleteFrom('dns_records').where('zone_id', '=', zoneId)
  if (ids === 'all') await query.execute()
  else if (ids.length > 0) await query.where(sql<boolean>`id = any (${[...ids]}::uuid[])`).execute()
}

/** Of one zone, in one statement, however many. */
export async function insertRecords(
  tx: Tx,
  zone: { id: string; tenant_id: string | null },
  rows: readonly RecordRow[],
): Promise<void> {
  if (rows.length === 0) return
  const of = <K extends keyof RecordRow>(key: K): RecordRow[K][] => rows.map((row) => row[key])
  await sql`insert into dns_records
      (tenant_id, zone_id, id, name, type, ttl, content, comment, managed_by, owner, expires_at)
    select ${zone.tenant_id}::uuid, ${zone.id}::uuid, r.* from unnest(${of('id')}::uuid[], ${of('name')}::text[],
      ${of('type')}::text[], ${of('ttl')}::int[], ${of('content')}::text[], ${of('comment')}::text[],
      ${of('managed_by')}::text[], ${of('owner')}::text[], ${of('expires_at')}::timestamptz[]) as r`.execute(
    tx,
  )
}

/** Records of an owner, in whatever zones the transaction sees. */
export const ofOwner = (tx: Tx, owner: string): Promise<RecordRow[]> =>
  tx.selectFrom('dns_records').selectAll().where('owner', '=', owner).orderBy('zone_id').execute()

export const expired = (tx: Tx, now: Date, limit: number): Promise<RecordRow[]> =>
  tx
    .selectFrom('dns_records')
    .selectAll()
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(limit)
    .execute()

export async function insertRevision(tx: Tx, revision: Insertable<DnsRevisionsTable>): Promise<void> {
  await tx.insertInto('dns_revisions').values(revision).execute()
}

export const listRevisions = (tx: Tx, zoneId: string, options: ListOptions) =>
  keysetPage(
    tx
      .selectFrom('dns_revisions')
      .select(['id', 'revision', 'cause', 'comment', 'actor', 'created_at'])
      .select(sql<number>`jsonb_array_length(changes)`.as('size'))
      .where('zone_id', '=', zoneId),
    'dns_revisions.id',
    options,
  )

export const revision = (tx: Tx, zoneId: string, number: number): Promise<RevisionRow | undefined> =>
  tx
    .selectFrom('dns_revisions')
    .selectAll()
    .where('zone_id', '=', zoneId)
    .where('revision', '=', number)
    .executeTakeFirst()

/** Those after one, the newest first. */
export const revisionsAfter = (tx: Tx, zoneId: string, number: number): Promise<RevisionRow[]> =>
  tx
    .selectFrom('dns_revisions')
    .selectAll()
    .where('zone_id', '=', zoneId)
    .where('revision', '>', number)
    .orderBy('revision', 'desc')
    .execute()

/** The names and types that revisions after one have changed. Of a large revision that is a small part, which is looked for there. */
export const changedAfter = async (tx: Tx, zoneId: string, number: number): Promise<Key[]> => {
  const { rows } = await sql<Key>`select c ->> 'name' as name, c ->> 'type' as type
    from dns_revisions r, jsonb_array_elements(r.changes) c
    where r.zone_id = ${zoneId} and r.revision > ${number}`.execute(tx)
  return rows
}

/** Zones whose own NS records are others than those of their server. */
export const withOtherNameServers = async (tx: Tx, limit: number): Promise<{ id: string }[]> => {
  const { rows } = await sql<{
    id: string
  }>`select z.id from dns_zones z join dns_servers s on s.id = z.server_id
    where z.state not in ('ending', 'ended') and s.name_servers <> '{}' and array(select r.content from dns_records r
      where r.zone_id = z.id and r.owner = 'nameservers' order by r.content collate "C")
      <> array(select n from unnest(s.name_servers) n order by n collate "C")
    order by z.id limit ${limit}`.execute(tx)
  return rows
}

/** Zones of a server that were brought there, and about which no job waits or runs. */
export const restingOn = async (tx: Tx, serverId: string): Promise<ZoneRow[]> => {
  const { rows } = await sql<ZoneRow>`select z.* from dns_zones z where z.server_id = ${serverId}
    and z.state in ('applied', 'drift') and not exists (select from provisioning_jobs_live j
      where j.queue = 'domain' and j.subject_id = z.id and j.state not in ('succeeded', 'failed', 'cancelled'))
    order by z.compared_at nulls first, z.id`.execute(tx)
  return rows
}

export async function noteChecked(tx: Tx, serverId: string, at: Date): Promise<void> {
  await sql`update dns_zones set checked_at = ${at} where server_id = ${serverId}
    and state in ('applied', 'drift')`.execute(tx)
}

export const standingOf = async (tx: Tx, tenantId: string): Promise<DomainZoneRow[]> => {
  const zones = await tx
    .selectFrom('dns_zones')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('state', 'not in', ['ending', 'ended'])
    .orderBy('id')
    .execute()
  return zones.filter(isOfDomain)
}

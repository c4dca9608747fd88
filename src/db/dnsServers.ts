import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'
import type { DnsServersTable } from './types.ts'

export type DnsServerRow = Selectable<DnsServersTable>

const view = (tx: Tx) =>
  tx
    .selectFrom('dns_servers')
    .selectAll()
    .select(
      sql<number>`(select count(*)::int from dns_zones z where z.server_id = dns_servers.id and z.ended_at is null)`.as(
        'zones',
      ),
    )
    .select(
      // Below or above instead of unequal: so an index gives those alone.
      sql<number>`(select count(*)::int from dns_zones z where z.server_id = dns_servers.id and z.ended_at is null
        and (z.transfers_revision < dns_servers.transfers_revision or z.transfers_revision > dns_servers.transfers_revision))`.as(
        'untold_zones',
      ),
    )

export type DnsServerView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export const list = (tx: Tx, options: ListOptions) => keysetPage(view(tx), 'dns_servers.id', options)

export const find = (tx: Tx, id: string): Promise<DnsServerRow | undefined> =>
  tx.selectFrom('dns_servers').selectAll().where('id', '=', id).executeTakeFirst()

/** With how many zones it has: only for who wants to know that, since they are counted. */
export const findView = (tx: Tx, id: string): Promise<DnsServerView | undefined> =>
  view(tx).where('dns_servers.id', '=', id).executeTakeFirst()

export const lock = (tx: Tx, id: string): Promise<DnsServerRow | undefined> =>
  tx.selectFrom('dns_servers').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()

/** Held as it is until the transaction ends. */
export const share = (tx: Tx, id: string): Promise<DnsServerRow | undefined> =>
  tx.selectFrom('dns_servers').selectAll().where('id', '=', id).forKeyShare().executeTakeFirst()

export const findDefault = (tx: Tx): Promise<DnsServerRow | undefined> =>
  tx.selectFrom('dns_servers').selectAll().where('is_default', '=', true).executeTakeFirst()

export const all = (tx: Tx): Promise<DnsServerRow[]> =>
  tx.selectFrom('dns_servers').selectAll().orderBy('id').execute()

/** Zone files are looked at while there are zones in them; a PowerDNS always, so that it is seen when it is away. */
export const inUse = (tx: Tx): Promise<DnsServerRow[]> =>
  tx
    .selectFrom('dns_servers')
    .selectAll()
    .where(
      sql<boolean>`(kind = 'powerdns' or exists (select from dns_zones z where z.server_id = dns_servers.id
        and z.ended_at is null))`,
    )
    .orderBy('id')
    .execute()

export async function insert(tx: Tx, server: Insertable<DnsServersTable>): Promise<void> {
  await tx.insertInto('dns_servers').values(server).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<DnsServersTable>): Promise<void> {
  await tx.updateTable('dns_servers').set(change).where('id', '=', id).execute()
}

export async function noDefault(tx: Tx): Promise<void> {
  await tx.updateTable('dns_servers').set({ is_default: false }).where('is_default', '=', true).execute()
}

/** @throws DatabaseError 23503 when zones are, or were, on it */
export async function remove(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('dns_servers').where('id', '=', id).execute()
}

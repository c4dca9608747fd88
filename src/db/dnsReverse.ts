import { sql } from 'kysely'
import type { ReverseSeen } from '../../shared/states/reverseName.ts'
import type { ZoneRow } from './dnsZones.ts'
import type { Tx } from './index.ts'

/** Reverse zones, which belong to networks, and the names of addresses in them. */

/** The reverse zones within, or around, the network of a pool; also those that are being removed. */
export const zonesOfPool = async (tx: Tx, poolId: string): Promise<ZoneRow[]> => {
  const { rows } =
    await sql<ZoneRow>`select z.* from ip_pools p join dns_zones z on z.network::inet && p.network::inet
    where p.id = ${poolId} and z.ended_at is null order by z.network`.execute(tx)
  return rows
}

export async function setServer(tx: Tx, poolId: string, serverId: string | null): Promise<void> {
  await tx.updateTable('ip_pools').set({ reverse_server_id: serverId }).where('id', '=', poolId).execute()
}

/** Reverse zones of networks of which no pool is kept here any more. */
export const orphans = async (tx: Tx): Promise<ZoneRow[]> => {
  const { rows } = await sql<ZoneRow>`select z.* from dns_zones z where z.network is not null
    and z.state not in ('ending', 'ended') and not exists (select from ip_pools p
      where p.reverse_server_id is not null and p.network::inet && z.network::inet) order by z.id`.execute(tx)
  return rows
}

export type Mismatch = { zoneId: string; network: string; address: string; name: string | null }

/** Addresses of which a reverse zone says something else than their pod; null: nothing is to stand there. */
export const mismatches = async (tx: Tx, limit: number): Promise<Mismatch[]> => {
  const { rows } = await sql<Mismatch>`
    with zones as (select id, network from dns_zones where network is not null and state not in ('ending', 'ended')),
    wanted as (select distinct on (z.id, a.address) z.id, host(a.address) as address, a.reverse_name
      from zones z join ip_pools p on p.reverse_server_id is not null and p.network::inet && z.network::inet
      join ip_addresses a on a.pool_id = p.id and a.reverse_name is not null
        and a.address between host(z.network)::inet and host(broadcast(z.network::inet))::inet
      order by z.id, a.address, a.reverse_name),
    present as (select z.id, substr(r.owner, length('address:') + 1) as address, r.content
      from zones z join dns_records r on r.zone_id = z.id and r.owner like 'address:%')
    select z.id as "zoneId", z.network::text as network, coalesce(w.address, r.address) as address, w.reverse_name as name
    from wanted w full join present r on r.id = w.id and r.address = w.address
    join zones z on z.id = coalesce(w.id, r.id)
    where r.content is distinct from w.reverse_name || '.' order by 1, 3 limit ${limit}`.execute(tx)
  return rows
}

export type Named = { poolId: string; address: string; name: string }

/** Named addresses whose time to be looked at has come, which is put off until a later one. */
export const takeForLook = async (tx: Tx, now: Date, until: Date, limit: number): Promise<Named[]> => {
  const { rows } = await sql<Named>`update ip_addresses a set reverse_look_at = ${until}
    from (select pool_id, address from ip_addresses where reverse_name is not null
        and (reverse_look_at is null or reverse_look_at <= ${now})
      order by reverse_look_at nulls first limit ${limit} for update skip locked) due
    where a.pool_id = due.pool_id and a.address = due.address
    returning a.pool_id as "poolId", host(a.address) as address, a.reverse_name as name`.execute(tx)
  return rows
}

/** What was seen of a name that the address still has. */
export async function noteSeen(
  tx: Tx,
  { poolId, address, name }: Named,
  seen: ReverseSeen,
  next: Date,
): Promise<void> {
  await sql`update ip_addresses set reverse_seen = ${JSON.stringify(seen)}, reverse_look_at = ${next}
    where pool_id = ${poolId} and address = ${address}::inet and reverse_name = ${name}`.execute(tx)
}

/** Of a pool: the named addresses with what was seen of them. */
export const namesOf = async (tx: Tx, poolId: string) => {
  const { rows } = await sql<{ address: string; name: string; seen: unknown; podId: string }>`
    select host(address) as address, reverse_name as name, reverse_seen as seen, pod_id as "podId" from ip_addresses
    where pool_id = ${poolId} and reverse_name is not null order by address`.execute(tx)
  return rows
}

/** Reverse zones that are not served as they are wanted. */
export const faultyZones = async (tx: Tx): Promise<{ name: string; state: string }[]> => {
  const { rows } = await sql<{
    name: string
    state: string
  }>`select name, state from dns_zones where network is not null and state in ('held', 'rejected', 'drift') order by name`.execute(
    tx,
  )
  return rows
}

import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { DomainConnectionsTable } from './types.ts'

export type ConnectionRow = Selectable<DomainConnectionsTable>

/** The one of a domain that has not ended. */
export const ofDomain = (tx: Tx, tenantId: string, domainId: string): Promise<ConnectionRow | undefined> =>
  tx
    .selectFrom('domain_connections')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('domain_id', '=', domainId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()

export async function insert(tx: Tx, row: Insertable<DomainConnectionsTable>): Promise<void> {
  await tx.insertInto('domain_connections').values(row).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<DomainConnectionsTable>): Promise<void> {
  await tx.updateTable('domain_connections').set(change).where('id', '=', id).execute()
}

/** The addresses that names of a pod lead to, as DNS writes them; none once it is being deleted. */
export async function addressesOf(tx: Tx, podId: string): Promise<string[]> {
  const { rows } = await sql<{ addresses: string[] }>`select ${WANTED} as addresses
    from cloud_pods as pod where pod.id = ${podId}`.execute(tx)
  return rows[0]?.addresses ?? []
}

/** What a pod is reached by; a deleted one that may still come back keeps its addresses. */
const WANTED = sql`array(select host(a.address) from ip_addresses a where a.pod_id = pod.id
  and a.state in ('reserved', 'assigned') and pod.state not in ('deleting', 'deleted')
  order by a.is_primary desc, a.address)`

/** Connections whose records say something else than their pod's addresses, or whose zone has ended. */
export async function stale(tx: Tx, limit: number): Promise<ConnectionRow[]> {
  const { rows } = await sql<ConnectionRow>`select c.* from domain_connections c
    join cloud_pods pod on pod.id = c.pod_id join dns_zones zone on zone.id = c.zone_id
    where c.ended_at is null and (c.addresses is distinct from ${WANTED} or zone.state in ('ending', 'ended'))
    order by c.id limit ${limit}`.execute(tx)
  return rows
}

import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { PodRow } from './cloudPods.ts'
import type { SecurityGroupsTable } from './types.ts'

const view = (tx: Tx) =>
  tx
    .selectFrom('security_groups')
    .selectAll()
    .select(
      sql<number>`(select count(*)::int from cloud_pod_security_groups g where g.group_id = security_groups.id)`.as(
        'pods',
      ),
    )

export type GroupView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

/** The platform's, and those of these tenants. */
const seenIn = (tx: Tx, scope: Scope) =>
  view(tx).where((eb) =>
    eb.or([eb('security_groups.tenant_id', 'is', null), inScope(scope, 'security_groups.tenant_id')]),
  )

export const list = (tx: Tx, scope: Scope, options: ListOptions) =>
  keysetPage(seenIn(tx, scope), 'security_groups.id', options)

export const find = (tx: Tx, scope: Scope, id: string): Promise<GroupView | undefined> =>
  seenIn(tx, scope).where('security_groups.id', '=', id).executeTakeFirst()

export function lock(tx: Tx, id: string): Promise<Selectable<SecurityGroupsTable> | undefined> {
  return tx.selectFrom('security_groups').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function insert(tx: Tx, group: Insertable<SecurityGroupsTable>): Promise<void> {
  await tx.insertInto('security_groups').values(group).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<SecurityGroupsTable>): Promise<void> {
  await tx.updateTable('security_groups').set(change).where('id', '=', id).execute()
}

/** @returns false when a pod is under it */
export async function remove(tx: Tx, id: string): Promise<boolean> {
  const { rows } = await sql`delete from security_groups s where id = ${id}
    and not exists (select from cloud_pod_security_groups g where g.group_id = s.id) returning id`.execute(tx)
  return rows.length > 0
}

/** The groups of a pod, in their order. */
export async function ofPod(tx: Tx, tenantId: string, podId: string): Promise<GroupView[]> {
  return view(tx)
    .innerJoin('cloud_pod_security_groups as under', 'under.group_id', 'security_groups.id')
    .where('under.tenant_id', '=', tenantId)
    .where('under.pod_id', '=', podId)
    .orderBy('under.position')
    .execute()
}

/** Puts a pod under these groups and no others. */
export async function assign(
  tx: Tx,
  pod: Pick<PodRow, 'id' | 'tenant_id'>,
  groupIds: readonly string[],
): Promise<void> {
  await tx
    .deleteFrom('cloud_pod_security_groups')
    .where('tenant_id', '=', pod.tenant_id)
    .where('pod_id', '=', pod.id)
    .execute()
  if (groupIds.length === 0) return
  await tx
    .insertInto('cloud_pod_security_groups')
    .values(
      groupIds.map((group_id, position) => ({
        group_id,
        position,
        pod_id: pod.id,
        tenant_id: pod.tenant_id,
      })),
    )
    .execute()
}

/** The pods under a group whose guests have to be told of a change. */
export async function podsUnder(tx: Tx, groupId: string): Promise<{ id: string; tenantId: string }[]> {
  const { rows } = await sql<{ id: string; tenantId: string }>`select p.id, p.tenant_id as "tenantId"
    from cloud_pod_security_groups g join cloud_pods p on p.id = g.pod_id and p.tenant_id = g.tenant_id
    where g.group_id = ${groupId} and p.state in ('creating', 'active') order by p.id`.execute(tx)
  return rows
}

export async function clusterFirewall(tx: Tx, clusterId: string): Promise<boolean | null> {
  const { rows } = await sql<{ on: boolean | null }>`select firewall_on as on from clusters
    where id = ${clusterId}`.execute(tx)
  return rows[0]?.on ?? null
}

import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import { containing, inScope, isOne, keysetPage, type ListOptions } from './list.ts'
import type { Scope, Tx } from './index.ts'
import type { CloudPodsTable } from './types.ts'

export type PodRow = Selectable<CloudPodsTable>

/** The system that sells a pod, and what it calls it. */
type SoldBy = { source: string; serviceId: string; externalKey: string }

const view = (tx: Tx) =>
  tx
    .selectFrom('cloud_pods')
    .innerJoin('cloud_pod_plans as plan', 'plan.id', 'cloud_pods.plan_id')
    .innerJoin('cloud_pod_blueprints as blueprint', 'blueprint.id', 'cloud_pods.blueprint_id')
    .selectAll('cloud_pods')
    .select(['plan.name as plan_name', 'blueprint.name as blueprint_name'])
    .select(
      sql<string[]>`array(select host(a.address) from ip_addresses a where a.pod_id = cloud_pods.id
          order by a.is_primary desc, a.on_card desc, a.address)`.as('addresses'),
    )
    .select(
      sql<string | null>`(select c.region from clusters c where c.id = cloud_pods.cluster_id)`.as('region'),
    )
    // Its own row says when the power was last read or changed; a sweep of its cluster since then found it so.
    .select(
      sql<Date | null>`greatest(power_checked_at, (select c.swept_at from clusters c where c.id = cloud_pods.cluster_id
          and cloud_pods.state = 'active' and cloud_pods.id <> all (c.swept_without)))`.as('power_seen_at'),
    )
    .select(
      sql<SoldBy | null>`(select json_build_object('source', s.source, 'serviceId', s.service_id, 'externalKey', s.external_key)
          from integration_pods s where s.pod_id = cloud_pods.id)`.as('sold_by'),
    )

export type PodView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export function insert(tx: Tx, pod: Insertable<CloudPodsTable>): Promise<PodRow> {
  return tx.insertInto('cloud_pods').values(pod).returningAll().executeTakeFirstOrThrow()
}

export function find(tx: Tx, tenantId: string, id: string): Promise<PodView | undefined> {
  return view(tx)
    .where('cloud_pods.tenant_id', '=', tenantId)
    .where('cloud_pods.id', '=', id)
    .executeTakeFirst()
}

/** Locks the pod's row and reads it. */
export function lock(tx: Tx, tenantId: string, id: string): Promise<PodRow | undefined> {
  return tx
    .selectFrom('cloud_pods')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

/** The same without knowing whose it is: for the platform. */
export function lockById(tx: Tx, id: string): Promise<PodRow | undefined> {
  return tx.selectFrom('cloud_pods').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

/** The pod of a subscription that is or was meant to be: the latest one. */
export function ofSubscription(
  tx: Tx,
  tenantId: string,
  subscriptionId: string,
): Promise<PodRow | undefined> {
  return tx
    .selectFrom('cloud_pods')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('subscription_id', '=', subscriptionId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

export function update(tx: Tx, id: string, change: Updateable<CloudPodsTable>): Promise<PodRow> {
  return tx
    .updateTable('cloud_pods')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

type Due = { due: { id: string; tenant_id: string }[]; wanted: number; total: number }

/** Deleted pods whose time is over, of how many that there are with those that live. */
export async function dueForPurge(tx: Tx, now: Date, limit: number): Promise<Due> {
  const { rows } = await sql<{ id: string; tenant_id: string }>`select id, tenant_id from cloud_pods
    where state = 'recoverable' and action is null and recoverable_until <= ${now}
    order by recoverable_until, id limit ${limit}`.execute(tx)
  const counted = await sql<{ wanted: number; total: number }>`select
      (count(*) filter (where state = 'recoverable' and action is null and recoverable_until <= ${now}))::int as wanted,
      count(*)::int as total
    from cloud_pods where state in ('active', 'recoverable')`.execute(tx)
  return { due: rows, ...(counted.rows[0] ?? { wanted: 0, total: 0 }) }
}

export type PodFilter = {
  state?: PodRow['state']
  customerId?: string
  q?: string
  tag?: string
  /** The number or the key of a service that another system sells. */
  service?: string
}

export function list(tx: Tx, scope: Scope, filter: PodFilter, options: ListOptions) {
  if (!filter.service && (filter.q || filter.tag)) return listFound(tx, filter, options)
  let query = view(tx).where(inScope(scope, 'cloud_pods.tenant_id'))
  if (filter.state) query = query.where(isOne('cloud_pods.state', filter.state))
  if (filter.customerId) query = query.where('cloud_pods.customer_id', '=', filter.customerId)
  const { service, q, tag } = filter
  if (service) {
    query = query.where(
      sql<boolean>`cloud_pods.id in (select s.pod_id from integration_pods s where s.external_key = ${service} or s.service_id = ${service})`,
    )
    // So few that no index is needed for these.
    if (q) query = query.where('cloud_pods.hostname', 'like', containing(q.toLowerCase()))
    if (tag) query = query.where(sql<boolean>`${tag.toLowerCase()} = any (cloud_pods.tags)`)
  }
  return keysetPage(query, 'cloud_pods.id', options)
}

/** By the function of the database that may use the indexes for it. */
function listFound(tx: Tx, { q, state, tag, customerId }: PodFilter, options: ListOptions) {
  const found = sql<string>`(select cloud_pods_found(${q ? containing(q.toLowerCase()) : null}, ${state ?? null},
    ${tag?.toLowerCase() ?? null}, ${customerId ?? null}::uuid, ${options.cursor ?? null}::uuid,
    ${options.sort === '-createdAt'}, ${options.limit + 1}))`
  return keysetPage(view(tx).where('cloud_pods.id', 'in', found), 'cloud_pods.id', options)
}

export async function placement(tx: Tx, id: string) {
  return tx
    .selectFrom('cloud_pods')
    .innerJoin('nodes', 'nodes.id', 'cloud_pods.node_id')
    .innerJoin('clusters', 'clusters.id', 'cloud_pods.cluster_id')
    .select([
      'clusters.id as clusterId',
      'clusters.name as clusterName',
      'nodes.id as nodeId',
      'nodes.name as nodeName',
      'nodes.storage as storage',
      'cloud_pods.vmid as vmid',
      'cloud_pods.mac as mac',
      'cloud_pods.placement as judged',
    ])
    .where('cloud_pods.id', '=', id)
    .executeTakeFirstOrThrow()
}

/** The blueprint's image for the pod's node: which template on which node. */
export async function imageOf(tx: Tx, pod: { blueprint_id: string; node_id: string }) {
  return tx
    .selectFrom('cloud_pod_blueprint_images as image')
    .innerJoin('nodes as source', 'source.id', 'image.source_node_id')
    .select(['image.ref', 'source.name as sourceNode'])
    .where('image.blueprint_id', '=', pod.blueprint_id)
    .where('image.node_id', '=', pod.node_id)
    .executeTakeFirst()
}

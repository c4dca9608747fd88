import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { Scope, Tx } from './index.ts'
import type { IntegrationPodsTable } from './types.ts'

export type IntegrationPodRow = Selectable<IntegrationPodsTable>

/** Whoever asks for a key of a tenant meanwhile waits until the transaction ends: so also what is not there yet is made once. */
export async function claim(tx: Tx, tenantId: string, externalKey: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`integration pod ${tenantId} ${externalKey}`}, 0))`.execute(
    tx,
  )
}

export function lock(tx: Tx, tenantId: string, externalKey: string): Promise<IntegrationPodRow | undefined> {
  return tx
    .selectFrom('integration_pods')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('external_key', '=', externalKey)
    .forUpdate()
    .executeTakeFirst()
}

export async function insert(tx: Tx, row: Insertable<IntegrationPodsTable>): Promise<void> {
  await tx.insertInto('integration_pods').values(row).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<IntegrationPodsTable>): Promise<void> {
  await tx
    .updateTable('integration_pods')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

/** What was sold, with its pod, its last suspension by the selling system, and the traffic of the month that it is. */
const view = (tx: Tx, at: Date) =>
  tx
    .selectFrom('integration_pods as sold')
    .innerJoin('cloud_pods as pod', 'pod.id', 'sold.pod_id')
    .innerJoin('cloud_pod_plans as plan', 'plan.id', 'pod.plan_id')
    .innerJoin('cloud_pod_blueprints as blueprint', 'blueprint.id', 'pod.blueprint_id')
    .innerJoin('tenants as tenant', 'tenant.id', 'sold.tenant_id')
    .leftJoin('customers as customer', 'customer.id', 'pod.customer_id')
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('tenant_suspensions as held')
          .innerJoin('tenant_suspended_pods as stopped', 'stopped.suspension_id', 'held.id')
          .select([
            'held.reason',
            'held.started_at',
            'held.ended_at',
            'stopped.stopped_at',
            'stopped.restored_at',
          ])
          .whereRef('held.pod_id', '=', 'sold.pod_id')
          .orderBy('held.id', 'desc')
          .limit(1)
          .as('held'),
      (join) => join.onTrue(),
    )
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('cloud_pod_traffic as traffic')
          .select(['traffic.bytes_in', 'traffic.bytes_out'])
          .whereRef('traffic.pod_id', '=', 'sold.pod_id')
          .where(
            sql<boolean>`traffic.month = date_trunc('month', ${at}::timestamptz at time zone tenant.billing_tz)::date`,
          )
          .as('traffic'),
      (join) => join.onTrue(),
    )
    .selectAll('sold')
    .select([
      'pod.hostname',
      'pod.state as pod_state',
      'pod.power_state',
      'pod.action',
      'pod.problem',
      'pod.pending_restart',
      'pod.recoverable_until',
      'pod.customer_id',
      'pod.blueprint_id',
      'pod.plan_id as pod_plan_id',
      'pod.cores as pod_cores',
      'pod.memory_mb as pod_memory_mb',
      'pod.disk_gb as pod_disk_gb',
      'plan.name as plan_name',
      'plan.traffic_gb',
      'blueprint.name as blueprint_name',
      'tenant.slug as tenant_slug',
      'customer.email as customer_email',
      'held.reason as held_reason',
      'held.started_at as held_since',
      'held.ended_at as held_ended_at',
      'held.stopped_at as held_stopped_at',
      'held.restored_at as held_restored_at',
      'traffic.bytes_in',
      'traffic.bytes_out',
    ])
    .select(
      sql<string>`to_char(${at}::timestamptz at time zone tenant.billing_tz, 'YYYY-MM')`.as('traffic_month'),
    )
    .select(
      sql<string[]>`array(select host(a.address) from ip_addresses a where a.pod_id = sold.pod_id
          order by a.is_primary desc, a.on_card desc, a.address)`.as('addresses'),
    )

export type IntegrationPodView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export function find(
  tx: Tx,
  tenantId: string,
  externalKey: string,
  at: Date,
): Promise<IntegrationPodView | undefined> {
  return view(tx, at)
    .where('sold.tenant_id', '=', tenantId)
    .where('sold.external_key', '=', externalKey)
    .executeTakeFirst()
}

export const list = (tx: Tx, scope: Scope, at: Date, options: ListOptions) =>
  keysetPage(view(tx, at).where(inScope(scope, 'sold.tenant_id')), 'sold.id', options)

/** The customer who has a reference of the tenant; nobody else looks for it until the transaction ends. */
export async function customerOf(tx: Tx, tenantId: string, ref: string) {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`customer reference ${tenantId} ${ref}`}, 0))`.execute(
    tx,
  )
  return tx
    .selectFrom('customers')
    .select(['id', 'state', 'merged_into', 'erased_at'])
    .where('tenant_id', '=', tenantId)
    .where('external_ref', '=', ref)
    .executeTakeFirst()
}

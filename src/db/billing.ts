import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import { RUNNING_STATES, type ChangeState } from '../../shared/states/billingSubscription.ts'
import { isLargerThanPlan } from './billingChanges.ts'
import { inScope, isOne, keysetPage, type ListOptions } from './list.ts'
import type { Scope, Tx } from './index.ts'
import type { CloudPodPlansTable, PricesTable, SubscriptionsTable } from './types.ts'

export type PriceRow = Selectable<PricesTable>
export type SubscriptionRow = Selectable<SubscriptionsTable>

export function insertPlan(tx: Tx, plan: Insertable<CloudPodPlansTable>) {
  return tx.insertInto('cloud_pod_plans').values(plan).returningAll().executeTakeFirstOrThrow()
}

export async function insertPrices(tx: Tx, prices: Insertable<PricesTable>[]): Promise<void> {
  await tx.insertInto('prices').values(prices).execute()
}

export function findPlan(tx: Tx, id: string) {
  return tx.selectFrom('cloud_pod_plans').selectAll().where('id', '=', id).executeTakeFirst()
}

export function findPrice(tx: Tx, id: string) {
  return tx.selectFrom('prices').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Plans of the catalogue and of the scope's tenants. */
export function listPlans(tx: Tx, scope: Scope, options: ListOptions) {
  const query = tx
    .selectFrom('cloud_pod_plans')
    .selectAll()
    .where((eb) =>
      eb.or([eb('cloud_pod_plans.tenant_id', 'is', null), inScope(scope, 'cloud_pod_plans.tenant_id')]),
    )
  return keysetPage(query, 'cloud_pod_plans.id', options)
}

export function pricesOf(tx: Tx, planIds: readonly string[]): Promise<PriceRow[]> {
  return tx
    .selectFrom('prices')
    .selectAll()
    .where(sql<boolean>`plan_id = any (${[...planIds]}::uuid[])`)
    .where('state', '=', 'active')
    .orderBy('unit_minor')
    .execute()
}

export function insertSubscription(
  tx: Tx,
  subscription: Insertable<SubscriptionsTable>,
): Promise<SubscriptionRow> {
  return tx.insertInto('subscriptions').values(subscription).returningAll().executeTakeFirstOrThrow()
}

export async function insertItem(
  tx: Tx,
  item: { id: string; tenant_id: string; subscription_id: string; price_id: string; created_at: Date },
): Promise<void> {
  await tx.insertInto('subscription_items').values(item).execute()
}

export function lockSubscription(tx: Tx, tenantId: string, id: string): Promise<SubscriptionRow | undefined> {
  return tx
    .selectFrom('subscriptions')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

export type SubscriptionChange = Updateable<SubscriptionsTable>

/** Changes a subscription. What happens to it next is found out anew. */
export function updateSubscription(
  tx: Tx,
  id: string,
  change: SubscriptionChange & { updated_at: Date },
): Promise<SubscriptionRow> {
  return tx
    .updateTable('subscriptions')
    .set({ ...change, next_step: 'look', next_step_at: change.updated_at, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** The newest change of a subscription, as JSON writes it. */
type ShownChange = {
  id: string
  state: ChangeState
  problem: string | null
  effective_at: string
  plan_id: string
  plan_code: string
  plan_name: string
  price_id: string
  interval: PriceRow['interval']
  interval_count: number
  unit_minor: string
  setup_minor: string
  paused_minor: string
  trial_days: number
  trial_then: PriceRow['trial_then']
  /** The pod has more than the plan says. */
  larger: boolean
}

const subscriptionView = (tx: Tx) =>
  tx
    .selectFrom('subscriptions')
    .innerJoin('customers as customer', 'customer.id', 'subscriptions.customer_id')
    .innerJoin('cloud_pod_plans as plan', 'plan.id', 'subscriptions.plan_id')
    .innerJoin('prices as price', 'price.id', 'subscriptions.price_id')
    .leftJoin('coupons as coupon', 'coupon.id', 'subscriptions.coupon_id')
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('cloud_pods')
          .select(['id', 'hostname', 'state', 'power_state'])
          .whereRef('cloud_pods.subscription_id', '=', 'subscriptions.id')
          .orderBy('id', 'desc')
          .limit(1)
          .as('pod'),
      (join) => join.onTrue(),
    )
    .selectAll('subscriptions')
    .select([
      'customer.name as customer_name',
      'plan.code as plan_code',
      'plan.name as plan_name',
      'price.interval',
      'price.interval_count',
      'price.unit_minor',
      'price.setup_minor',
      'price.paused_minor',
      'price.trial_days as price_trial_days',
      'price.trial_then as price_trial_then',
      'coupon.code as coupon_code',
      'coupon.name as coupon_name',
      'coupon.percent_ppm as coupon_percent_ppm',
      'coupon.amount_minor as coupon_amount_minor',
      'pod.id as pod_id',
      'pod.hostname as pod_hostname',
      'pod.state as pod_state',
      'pod.power_state as pod_power_state',
      sql<Date | null>`lower(current_period)`.as('period_start'),
      sql<Date | null>`upper(current_period)`.as('period_end'),
      sql<ShownChange | null>`(select to_jsonb(c) from (
        select c.id, c.state, c.problem, c.effective_at, p.id as plan_id, p.code as plan_code, p.name as plan_name, r.id as price_id,
          r.interval, r.interval_count, r.unit_minor::text as unit_minor, r.setup_minor::text as setup_minor,
          r.paused_minor::text as paused_minor, r.trial_days, r.trial_then,
          exists (select from cloud_pods g join subscriptions s on s.id = g.subscription_id
            where g.subscription_id = c.subscription_id and g.state = 'active' and ${isLargerThanPlan}) as larger
        from subscription_changes c join cloud_pod_plans p on p.id = c.to_plan_id join prices r on r.id = c.to_price_id
        where c.subscription_id = subscriptions.id
        order by c.state in ('planned', 'working') desc, c.created_at desc, c.id desc limit 1) c)`.as(
        'change',
      ),
    ])

export type SubscriptionView = Awaited<
  ReturnType<ReturnType<typeof subscriptionView>['executeTakeFirstOrThrow']>
>

export function findSubscription(
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<SubscriptionView | undefined> {
  return subscriptionView(tx)
    .where('subscriptions.tenant_id', '=', tenantId)
    .where('subscriptions.id', '=', id)
    .executeTakeFirst()
}

export type SubscriptionFilter = { state?: SubscriptionRow['state']; customerId?: string }

export function listSubscriptions(tx: Tx, scope: Scope, filter: SubscriptionFilter, options: ListOptions) {
  let query = subscriptionView(tx).where(inScope(scope, 'subscriptions.tenant_id'))
  if (filter.state) query = query.where(isOne('subscriptions.state', filter.state))
  if (filter.customerId) query = query.where('subscriptions.customer_id', '=', filter.customerId)
  return keysetPage(query, 'subscriptions.id', options)
}

type Due = { id: string; tenant_id: string }

/** Nothing becomes due while a tenant is suspended; what did meanwhile is ended once it is restored. */
export const tenantIsActive = sql<boolean>`exists (select from tenants t where t.id = subscriptions.tenant_id and t.state = 'active')`

const isRunning = sql<boolean>`state = any (${[...RUNNING_STATES]})`

/** Delivered subscriptions whose cancellation date is reached. */
export function dueCancellations(tx: Tx, at: Date, limit: number): Promise<Due[]> {
  return tx
    .selectFrom('subscriptions')
    .select(['id', 'tenant_id'])
    .where('cancel_at', '<=', at)
    .where(tenantIsActive)
    .where(isRunning)
    .where('ended_at', 'is', null)
    .orderBy('cancel_at')
    .limit(limit)
    .execute()
}

/** How many subscriptions are to be ended by now, of how many there are. */
export async function countDueCancellations(tx: Tx, at: Date): Promise<{ wanted: number; total: number }> {
  const { rows } = await sql<{ wanted: number; total: number }>`select
      (count(*) filter (where cancel_at <= ${at} and ended_at is null and ${tenantIsActive}))::int as wanted,
      count(*)::int as total
    from subscriptions where ${isRunning}`.execute(tx)
  return rows[0] ?? { wanted: 0, total: 0 }
}

/** Orders that were not paid in time. */
export function overdueOrders(tx: Tx, at: Date, limit: number): Promise<Due[]> {
  return tx
    .selectFrom('subscriptions')
    .select(['id', 'tenant_id'])
    .where('state', '=', 'awaiting_payment')
    .where('payment_due_at', '<=', at)
    .where(tenantIsActive)
    .orderBy('payment_due_at')
    .limit(limit)
    .execute()
}

/** Which of these plans a tenant sells; null: all tenants. */
export async function soldPlans(tx: Tx, tenantId: string | null, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from cloud_pod_plans
    where id = any (${[...ids]}::uuid[]) and (tenant_id is null or tenant_id = ${tenantId})`.execute(tx)
  return rows.map((row) => row.id)
}

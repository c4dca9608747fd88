import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import { LIVE_STATES } from '../../shared/states/billingSubscription.ts'
import type { Tx } from './index.ts'
import type { InvoiceRow } from './billingInvoices.ts'
import type { SubscriptionChangesTable } from './types.ts'

export type ChangeRow = Selectable<SubscriptionChangesTable>

export async function insert(tx: Tx, change: Insertable<SubscriptionChangesTable>): Promise<void> {
  await tx.insertInto('subscription_changes').values(change).execute()
}

export function find(tx: Tx, tenantId: string, id: string): Promise<ChangeRow | undefined> {
  return tx
    .selectFrom('subscription_changes')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
}

/** The change of a subscription that is planned. The caller holds the subscription. */
export function planned(tx: Tx, subscriptionId: string): Promise<ChangeRow | undefined> {
  return tx
    .selectFrom('subscription_changes')
    .selectAll()
    .where('subscription_id', '=', subscriptionId)
    .where('state', '=', 'planned')
    .executeTakeFirst()
}

/** The change of a subscription that is planned or being carried out. */
export function openOf(tx: Tx, subscriptionId: string): Promise<Pick<ChangeRow, 'state'> | undefined> {
  return tx
    .selectFrom('subscription_changes')
    .select('state')
    .where('subscription_id', '=', subscriptionId)
    .where('state', 'in', ['planned', 'working'])
    .executeTakeFirst()
}

export async function update(
  tx: Tx,
  id: string,
  change: Updateable<SubscriptionChangesTable>,
): Promise<void> {
  await tx.updateTable('subscription_changes').set(change).where('id', '=', id).execute()
}

/** Another item of a subscription, in a slot of its own. The caller holds the subscription. */
export async function addItem(
  tx: Tx,
  item: { id: string; tenantId: string; subscriptionId: string; priceId: string; at: Date },
): Promise<void> {
  await sql`insert into subscription_items (id, tenant_id, subscription_id, price_id, slot, created_at)
    select ${item.id}, ${item.tenantId}, ${item.subscriptionId}, ${item.priceId}, max(slot) + 1, ${item.at}
    from subscription_items where subscription_id = ${item.subscriptionId}`.execute(tx)
}

/** Ends an item, or lets it go on. */
export async function setRemoved(tx: Tx, itemId: string, at: Date | null): Promise<void> {
  await tx.updateTable('subscription_items').set({ removed_at: at }).where('id', '=', itemId).execute()
}

/** The price of a plan in a currency for an interval, if it is sold. */
export async function priceLike(
  tx: Tx,
  planId: string,
  like: { currency: string; interval: string; intervalCount: number },
): Promise<string | undefined> {
  const { rows } = await sql<{
    id: string
  }>`select id from prices where plan_id = ${planId} and state = 'active'
    and currency = ${like.currency} and interval = ${like.interval} and interval_count = ${like.intervalCount}`.execute(
    tx,
  )
  return rows[0]?.id
}

export async function invoicesById(tx: Tx, ids: readonly string[]): Promise<InvoiceRow[]> {
  const { rows } =
    await sql<InvoiceRow>`select * from invoices where id = any (${[...ids]}::uuid[]) order by id`.execute(tx)
  return rows
}

const more = (
  part: 'cores' | 'memoryMb',
) => sql`coalesce((select sum((a ->> 'quantity')::int * (a ->> ${sql.lit(part)})::int)
  from jsonb_array_elements(s.addons) a), 0)`
/** Whether a pod g has more than the plan p of its subscription s with the add-ons says. */
export const isLargerThanPlan = sql<boolean>`(g.cores > p.cores + ${more('cores')} or g.memory_mb > p.memory_mb + ${more('memoryMb')})`

/** Subscriptions that keep their old plan since there was no room for the larger one that was planned, of which nothing else came since. */
export async function notBegun(tx: Tx, since: Date): Promise<{ n: number; example: string | null }> {
  const { rows } = await sql<{ n: number; example: string | null }>`
    select count(*)::int as n, min(g.hostname) as example
    from subscription_changes c join subscriptions s on s.id = c.subscription_id and s.state = any (${[...LIVE_STATES]})
      join cloud_pods g on g.subscription_id = s.id and g.state = 'active'
    where c.state = 'undone' and c.period_no is not null and c.ended_at > ${since}
      and not exists (select from subscription_changes n where n.subscription_id = c.subscription_id and n.created_at > c.created_at)`.execute(
    tx,
  )
  return rows[0] ?? { n: 0, example: null }
}

/** Pods that have more than their plan says because they could not be made smaller. */
export async function largerThanPlan(tx: Tx): Promise<{ n: number; example: string | null }> {
  const { rows } = await sql<{ n: number; example: string | null }>`
    select count(*)::int as n, min(g.hostname) as example
    from subscription_changes c join subscriptions s on s.id = c.subscription_id and s.price_id = c.to_price_id
      join cloud_pod_plans p on p.id = s.plan_id
      join cloud_pods g on g.subscription_id = s.id and g.state = 'active' and ${isLargerThanPlan}
    where c.state = 'done' and c.problem is not null`.execute(tx)
  return rows[0] ?? { n: 0, example: null }
}

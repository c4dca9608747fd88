import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { CouponsTable } from './types.ts'

export type CouponRow = Selectable<CouponsTable>

const view = (tx: Tx) =>
  tx
    .selectFrom('coupons')
    .selectAll()
    .select(
      sql<
        { id: string; name: string }[]
      >`coalesce((select jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name)
        order by p.name) from cloud_pod_plans p where p.id = any (coupons.plan_ids)), '[]')`.as('plans'),
    )

export type CouponView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export const find = (tx: Tx, tenantId: string, id: string): Promise<CouponView | undefined> =>
  view(tx).where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst()

export const findByCode = (tx: Tx, tenantId: string, code: string): Promise<CouponRow | undefined> =>
  tx
    .selectFrom('coupons')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('code', '=', code)
    .executeTakeFirst()

export function list(tx: Tx, scope: Scope, options: ListOptions) {
  return keysetPage(view(tx).where(inScope(scope, 'coupons.tenant_id')), 'coupons.id', options)
}

export async function insert(tx: Tx, coupon: Insertable<CouponsTable>): Promise<void> {
  await tx.insertInto('coupons').values(coupon).execute()
}

export const lock = (tx: Tx, tenantId: string, id: string): Promise<CouponRow | undefined> =>
  tx
    .selectFrom('coupons')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()

export async function update(tx: Tx, id: string, change: Updateable<CouponsTable>): Promise<void> {
  await tx
    .updateTable('coupons')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

/** Counts one more order, or one less. The caller holds the coupon. */
export async function count(tx: Tx, id: string, by: 1 | -1): Promise<void> {
  await sql`update coupons set redeemed = redeemed + ${by} where id = ${id}`.execute(tx)
}

/** Whether an order of a customer has redeemed it and was not given up. */
export async function isRedeemedBy(tx: Tx, id: string, customerId: string): Promise<boolean> {
  const { rows } = await sql`select from subscriptions
    where coupon_id = ${id} and customer_id = ${customerId} and state <> 'expired' limit 1`.execute(tx)
  return rows.length > 0
}

/** Whether a customer had a trial of a plan before. */
export async function hadTrial(tx: Tx, customerId: string, planId: string): Promise<boolean> {
  const { rows } = await sql`select from subscriptions
    where customer_id = ${customerId} and plan_id = ${planId} and trial_days > 0 limit 1`.execute(tx)
  return rows.length > 0
}

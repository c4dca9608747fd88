import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { PaymentAttemptsTable, PaymentRefundsTable, PaymentsTable } from './types.ts'

export type AttemptRow = Selectable<PaymentAttemptsTable>
export type RefundRow = Selectable<PaymentRefundsTable>
export type PaymentRow = Selectable<PaymentsTable>

export async function insert(tx: Tx, attempt: Insertable<PaymentAttemptsTable>): Promise<AttemptRow> {
  return tx.insertInto('payment_attempts').values(attempt).returningAll().executeTakeFirstOrThrow()
}

export const lock = (tx: Tx, tenantId: string, id: string): Promise<AttemptRow | undefined> =>
  tx
    .selectFrom('payment_attempts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()

/** The attempt that a payment there was made for: by its mark, or by what it is called there. */
export async function lockOf(
  tx: Tx,
  providerId: string,
  by: { mark: string | null; ref: string },
): Promise<AttemptRow | undefined> {
  const { rows } = await sql<AttemptRow>`select * from payment_attempts where provider_id = ${providerId}
    and (id::text = ${by.mark} or external_id = ${by.ref} or page_id = ${by.ref}) order by id limit 1 for update`.execute(
    tx,
  )
  return rows[0]
}

export async function update(tx: Tx, id: string, change: Updateable<PaymentAttemptsTable>): Promise<void> {
  await tx.updateTable('payment_attempts').set(change).where('id', '=', id).execute()
}

export const ofInvoice = (tx: Tx, tenantId: string, invoiceId: string) =>
  tx
    .selectFrom('payment_attempts as a')
    .leftJoin('payment_methods as m', 'm.id', 'a.method_id')
    .selectAll('a')
    .select(['m.brand', 'm.last4'])
    .where('a.tenant_id', '=', tenantId)
    .where('a.invoice_id', '=', invoiceId)
    .orderBy('a.id', 'desc')
    .limit(100)
    .execute()
export type AttemptView = Awaited<ReturnType<typeof ofInvoice>>[number]

/** The attempt on an invoice that is not over. */
export const openOf = (tx: Tx, invoiceId: string): Promise<AttemptRow | undefined> =>
  tx
    .selectFrom('payment_attempts')
    .selectAll()
    .where('invoice_id', '=', invoiceId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()

export const paymentsOfInvoice = (tx: Tx, tenantId: string, invoiceId: string): Promise<PaymentRow[]> =>
  tx
    .selectFrom('payments')
    .innerJoin('payment_allocations as p', 'p.payment_id', 'payments.id')
    .selectAll('payments')
    .where('p.tenant_id', '=', tenantId)
    .where('p.invoice_id', '=', invoiceId)
    .orderBy('payments.id', 'desc')
    .limit(100)
    .execute()

export const findPayment = (tx: Tx, tenantId: string, id: string): Promise<PaymentRow | undefined> =>
  tx
    .selectFrom('payments')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()

/** Whoever gives a part of it back at the same time waits, and sees what is left. */
export const lockPayment = (tx: Tx, tenantId: string, id: string): Promise<PaymentRow | undefined> =>
  tx
    .selectFrom('payments')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()

export const findPaymentByRef = (
  tx: Tx,
  tenantId: string,
  provider: string,
  externalId: string,
): Promise<PaymentRow | undefined> =>
  tx
    .selectFrom('payments')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('provider', '=', provider)
    .where('external_id', '=', externalId)
    .executeTakeFirst()

/** Whether somebody has recorded it by hand under the provider's reference. */
export const isRecordedByHand = async (tx: Tx, tenantId: string, reference: string): Promise<boolean> =>
  (await tx
    .selectFrom('payments')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('provider', '=', 'manual')
    .where(sql`substr(external_id, strpos(external_id, ':') + 1)`, '=', reference)
    .executeTakeFirst()) !== undefined

/** Books a payment unless it was booked before. @returns whether it was now */
export async function insertPaymentOnce(tx: Tx, payment: Insertable<PaymentsTable>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('payments')
    .values(payment)
    .onConflict((on) => on.columns(['tenant_id', 'provider', 'external_id']).doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** The attempt that has brought a payment. */
export const ofPayment = (tx: Tx, tenantId: string, externalId: string): Promise<AttemptRow | undefined> =>
  tx
    .selectFrom('payment_attempts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('external_id', '=', externalId)
    .executeTakeFirst()

/** The invoices that a payment has paid, and how much of each. */
export const allocationsOf = (
  tx: Tx,
  paymentId: string,
): Promise<{ invoice_id: string; amount_minor: bigint }[]> =>
  tx
    .selectFrom('payment_allocations')
    .select(['invoice_id', 'amount_minor'])
    .where('payment_id', '=', paymentId)
    .execute()

export async function insertRefund(tx: Tx, refund: Insertable<PaymentRefundsTable>): Promise<RefundRow> {
  return tx.insertInto('payment_refunds').values(refund).returningAll().executeTakeFirstOrThrow()
}

export const lockRefund = (tx: Tx, tenantId: string, id: string): Promise<RefundRow | undefined> =>
  tx
    .selectFrom('payment_refunds')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()

export async function lockRefundOf(
  tx: Tx,
  paymentId: string,
  by: { mark: string | null; ref: string },
): Promise<RefundRow | undefined> {
  const { rows } = await sql<RefundRow>`select * from payment_refunds where payment_id = ${paymentId}
    and (id::text = ${by.mark} or external_id = ${by.ref}) order by id limit 1 for update`.execute(tx)
  return rows[0]
}

export async function updateRefund(
  tx: Tx,
  id: string,
  change: Updateable<PaymentRefundsTable>,
): Promise<void> {
  await tx.updateTable('payment_refunds').set(change).where('id', '=', id).execute()
}

export const refundsOf = (tx: Tx, paymentIds: readonly string[]): Promise<RefundRow[]> =>
  tx
    .selectFrom('payment_refunds')
    .selectAll()
    .where(sql<boolean>`payment_id = any (${[...paymentIds]}::uuid[])`)
    .orderBy('id', 'desc')
    .execute()

export type DueCharge = { invoice_id: string; tenant_id: string }

/**
 * Invoices that are to be charged by themselves now: due, of a delivered contract that is not held, of a customer whose provider
 * charges and who has a method for it. Once on the due date, and once more on each day on which the tenant's policy reminds of
 * it; never twice on a day, not again with a method that was refused for good, and not after its payment was disputed.
 * @param late those that should have been tried before yesterday and were not, or all others
 */
export async function dueCharges(
  tx: Tx,
  { at, states, late, limit }: { at: Date; states: readonly string[]; late: boolean; limit: number },
): Promise<DueCharge[]> {
  const { rows } = await sql<DueCharge>`
    select i.id as invoice_id, i.tenant_id from invoices i
      join subscriptions s on s.id = i.subscription_id and s.state = any (${[...states]}) and s.hold_until is null
      join tenants t on t.id = i.tenant_id and t.state = 'active'
      cross join lateral (select p.id, p.charges_automatically from billing_providers p
        where p.retired_at is null and (p.tenant_id is null or p.tenant_id = i.tenant_id)
        order by p.tenant_id nulls last limit 1) p
      join payment_methods m on m.customer_id = i.customer_id and m.is_default and m.provider_id = p.id
      cross join lateral (select (${at}::timestamptz at time zone s.billing_tz)::date as day) today
      cross join lateral (select d.remind_after_days from dunning_policies d
        where (d.tenant_id is null or d.tenant_id = i.tenant_id) and (d.plan_id is null or d.plan_id = s.plan_id)
        order by d.tenant_id nulls last, d.plan_id nulls last limit 1) d
      cross join lateral (select count(*)::int as n, max(a.created_at) as last,
          coalesce(bool_or(a.ended_at is null or (a.is_final and a.method_id = m.id)), false) as stop
        from payment_attempts a where a.invoice_id = i.id and a.reason <> 'asked' and a.kind = 'charge'
          or a.invoice_id = i.id and a.ended_at is null) tried
    where i.status = 'open' and i.due_date <= today.day and p.charges_automatically and not tried.stop
      and not exists (select from payment_allocations l join payment_disputes d on d.payment_id = l.payment_id and d.state <> 'won'
        where l.invoice_id = i.id)
      and tried.n < 1 + (select count(*) from unnest(d.remind_after_days) as after where i.due_date + after <= today.day)
      and (tried.n = 0 and i.due_date < today.day - 1) = ${late}
      and (tried.last is null or (tried.last at time zone s.billing_tz)::date < today.day)
    order by i.due_date, i.id limit ${limit}`.execute(tx)
  return rows
}

/** Attempts that nobody has looked at for a while although they are not over, and that nobody is about to look at. */
export async function unseen(
  tx: Tx,
  before: Date,
  limit: number,
): Promise<Pick<AttemptRow, 'id' | 'tenant_id' | 'provider_id' | 'external_id' | 'page_id'>[]> {
  return tx
    .selectFrom('payment_attempts')
    .select(['id', 'tenant_id', 'provider_id', 'external_id', 'page_id'])
    .where('ended_at', 'is', null)
    .where('state', 'in', ['processing', 'needs_action'])
    .where('looked_at', '<', before)
    .where(
      sql<boolean>`not exists (select from provisioning_jobs_live j where j.state in ('scheduled', 'blocked', 'ready', 'running', 'stuck')
        and j.serial_key = 'converge:' || provider_id || ':' || coalesce(page_id, external_id))`,
    )
    .orderBy('looked_at')
    .limit(limit)
    .execute()
}

/** Of how many customers invoices could be charged at all: what is unusual is measured by that. */
export async function countChargeable(tx: Tx): Promise<number> {
  const { rows } = await sql<{
    n: number
  }>`select count(*)::int as n from payment_methods where is_default`.execute(tx)
  return rows[0]?.n ?? 0
}

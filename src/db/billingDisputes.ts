import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { PaymentDisputesTable } from './types.ts'

export type DisputeRow = Selectable<PaymentDisputesTable>

export const lockOf = (tx: Tx, providerId: string, ref: string): Promise<DisputeRow | undefined> =>
  tx
    .selectFrom('payment_disputes')
    .selectAll()
    .where('provider_id', '=', providerId)
    .where('external_id', '=', ref)
    .forUpdate()
    .executeTakeFirst()

export const insert = (tx: Tx, dispute: Insertable<PaymentDisputesTable>): Promise<DisputeRow> =>
  tx.insertInto('payment_disputes').values(dispute).returningAll().executeTakeFirstOrThrow()

export async function update(tx: Tx, id: string, change: Updateable<PaymentDisputesTable>): Promise<void> {
  await tx.updateTable('payment_disputes').set(change).where('id', '=', id).execute()
}

export const ofPayments = (tx: Tx, paymentIds: readonly string[]): Promise<DisputeRow[]> =>
  tx
    .selectFrom('payment_disputes')
    .selectAll()
    .where(sql<boolean>`payment_id = any (${[...paymentIds]}::uuid[])`)
    .orderBy('id')
    .execute()

/** Whether the bank of a customer is taking back one of his payments. */
export async function isOpenOf(tx: Tx, customerId: string): Promise<boolean> {
  const { rows } = await sql`select from payment_disputes d join payments p on p.id = d.payment_id
    where p.customer_id = ${customerId} and d.closed_at is null limit 1`.execute(tx)
  return rows.length > 0
}

/** Those that go on and that nobody has looked at for a while. */
export async function unseen(
  tx: Tx,
  before: Date,
  limit: number,
): Promise<{ provider_id: string; tenant_id: string; payment_ref: string }[]> {
  return tx
    .selectFrom('payment_disputes as dispute')
    .innerJoin('payments as payment', 'payment.id', 'dispute.payment_id')
    .select(['dispute.provider_id', 'dispute.tenant_id', 'payment.external_id as payment_ref'])
    .where('dispute.closed_at', 'is', null)
    .where('dispute.looked_at', '<', before)
    .orderBy('dispute.looked_at')
    .limit(limit)
    .execute()
}

/** Those that wait for evidence: how many, and the first that runs out. */
export async function waiting(tx: Tx): Promise<{ n: number; first: Date | null }> {
  const { rows } = await sql<{ n: number; first: Date | null }>`
    select count(*)::int as n, min(evidence_due_at) as first from payment_disputes
    where closed_at is null and not evidence_sent`.execute(tx)
  return rows[0] ?? { n: 0, first: null }
}

export function list(tx: Tx, scope: Scope, filter: { open?: boolean | undefined }, options: ListOptions) {
  let query = tx
    .selectFrom('payment_disputes')
    .innerJoin('payments as payment', 'payment.id', 'payment_disputes.payment_id')
    .innerJoin('customers as customer', 'customer.id', 'payment.customer_id')
    .selectAll('payment_disputes')
    .select([
      'payment.external_id as payment_ref',
      'customer.id as customer_id',
      'customer.name as customer_name',
    ])
    .select(
      sql<
        { id: string; number: string }[]
      >`(select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'number', i.number)), '[]')
        from payment_allocations a join invoices i on i.id = a.invoice_id where a.payment_id = payment_disputes.payment_id)`.as(
        'invoices',
      ),
    )
    .where(inScope(scope, 'payment_disputes.tenant_id'))
  if (filter.open !== undefined)
    query = query.where('payment_disputes.closed_at', filter.open ? 'is' : 'is not', null)
  return keysetPage(query, 'payment_disputes.id', options)
}

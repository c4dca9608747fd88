import { sql, type Insertable, type Updateable } from 'kysely'
import type { CustomerStatistics } from '../../shared/api/customerFile.ts'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'
import type { CustomerContactsTable, CustomerNotesTable } from './types.ts'

export function listContacts(tx: Tx, tenantId: string, customerId: string, options: ListOptions) {
  const query = tx
    .selectFrom('customer_contacts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('customer_id', '=', customerId)
  return keysetPage(query, 'customer_contacts.id', options)
}

export function insertContact(tx: Tx, contact: Insertable<CustomerContactsTable>) {
  return tx.insertInto('customer_contacts').values(contact).returningAll().executeTakeFirstOrThrow()
}

export function lockContact(tx: Tx, tenantId: string, id: string) {
  return tx
    .selectFrom('customer_contacts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

export function updateContact(tx: Tx, id: string, change: Updateable<CustomerContactsTable>) {
  return tx
    .updateTable('customer_contacts')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function deleteContact(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('customer_contacts').where('id', '=', id).execute()
}

export function listNotes(
  tx: Tx,
  tenantId: string,
  customerId: string,
  filter: { pinned?: boolean },
  options: ListOptions,
) {
  let query = tx
    .selectFrom('customer_notes')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('customer_id', '=', customerId)
  if (filter.pinned !== undefined) query = query.where('pinned', '=', filter.pinned)
  return keysetPage(query, 'customer_notes.id', options)
}

export function insertNote(tx: Tx, note: Insertable<CustomerNotesTable>) {
  return tx.insertInto('customer_notes').values(note).returningAll().executeTakeFirstOrThrow()
}

export function lockNote(tx: Tx, tenantId: string, id: string) {
  return tx
    .selectFrom('customer_notes')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

export function updateNote(tx: Tx, id: string, change: Updateable<CustomerNotesTable>) {
  return tx
    .updateTable('customer_notes')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function deleteNote(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('customer_notes').where('id', '=', id).execute()
}

/** Everything counted about a customer, in one statement. `now` decides what is overdue, in the tenant's time zone. */
export async function statistics(
  tx: Tx,
  tenantId: string,
  customerId: string,
  now: Date,
): Promise<CustomerStatistics> {
  const countOf = (table: string) => sql`(select coalesce(jsonb_object_agg(state, n), '{}') from
    (select state, count(*) as n from ${sql.table(table)}
     where tenant_id = ${tenantId} and customer_id = ${customerId} group by state) counted)`
  const { rows } = await sql<CustomerStatistics>`
    with sums as (
      select i.currency, sum(total_minor - paid_minor - credited_minor) filter (where status = 'open') as open,
        sum(total_minor - paid_minor - credited_minor) filter (where status = 'open'
          and due_date < (${now}::timestamptz at time zone t.billing_tz)::date) as overdue,
        0 as paid, 0 as credit
      from invoices i join tenants t on t.id = i.tenant_id
      where i.tenant_id = ${tenantId} and i.customer_id = ${customerId} group by i.currency
      union all
      select currency, 0, 0, sum(amount_minor), 0 from payments
      where tenant_id = ${tenantId} and customer_id = ${customerId} and status = 'succeeded' group by currency
      union all
      select a.currency, 0, 0, 0, -sum(e.amount_minor)
      from ledger_accounts a join ledger_entries e on e.account_id = a.id
      where a.tenant_id = ${tenantId} and a.code = 'credit'
        and coalesce(a.customer_id, '00000000-0000-0000-0000-000000000000') = ${customerId}
      group by a.currency
    ), money as (
      select currency, coalesce(sum(open), 0)::text as open, coalesce(sum(overdue), 0)::text as overdue,
        sum(paid)::text as paid, sum(credit)::text as credit
      from sums group by currency order by currency
    )
    select ${countOf('subscriptions')} as subscriptions, ${countOf('cloud_pods')} as "cloudPods",
      (select coalesce(jsonb_agg(to_jsonb(money)), '[]') from money) as money`.execute(tx)
  const [row] = rows
  if (!row) throw new Error('a statement without a table gave no row')
  return row
}

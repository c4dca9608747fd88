import { sql, type Insertable, type Selectable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type {
  BillingRecordInvoicesTable,
  BillingRecordRunsTable,
  BillingRecordServicesTable,
} from './types.ts'

export type RunRow = Selectable<BillingRecordRunsTable>
export type RecordFilter = { providerId?: string | undefined; customerId?: string | undefined }

export const insertRun = (tx: Tx, run: Insertable<BillingRecordRunsTable>): Promise<RunRow> =>
  tx.insertInto('billing_record_runs').values(run).returningAll().executeTakeFirstOrThrow()

export const findRun = (tx: Tx, tenantId: string, id: string): Promise<RunRow | undefined> =>
  tx
    .selectFrom('billing_record_runs')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()

export function listRuns(tx: Tx, scope: Scope, { providerId }: RecordFilter, options: ListOptions) {
  let query = tx
    .selectFrom('billing_record_runs')
    .selectAll()
    .where(inScope(scope, 'billing_record_runs.tenant_id'))
  if (providerId !== undefined) query = query.where('provider_id', '=', providerId)
  return keysetPage(query, 'billing_record_runs.id', options)
}

export function listInvoices(
  tx: Tx,
  scope: Scope,
  { providerId, customerId }: RecordFilter,
  options: ListOptions,
) {
  let query = tx
    .selectFrom('billing_record_invoices')
    .innerJoin('customers as c', 'c.id', 'billing_record_invoices.customer_id')
    .selectAll('billing_record_invoices')
    .select('c.name as customer_name')
    .where(inScope(scope, 'billing_record_invoices.tenant_id'))
  if (providerId !== undefined) query = query.where('provider_id', '=', providerId)
  if (customerId !== undefined) query = query.where('customer_id', '=', customerId)
  return keysetPage(query, 'billing_record_invoices.id', options)
}
export type InvoiceView = Awaited<ReturnType<typeof listInvoices>>['items'][number]

export function listServices(
  tx: Tx,
  scope: Scope,
  { providerId, customerId }: RecordFilter,
  options: ListOptions,
) {
  let query = tx
    .selectFrom('billing_record_services')
    .innerJoin('customers as c', 'c.id', 'billing_record_services.customer_id')
    .selectAll('billing_record_services')
    .select([
      'c.name as customer_name',
      sql<
        string | null
      >`(select i.pod_id from integration_pods i where i.tenant_id = billing_record_services.tenant_id
        and i.source = 'whmcs' and i.service_id = billing_record_services.external_id order by i.id desc limit 1)`.as(
        'pod_id',
      ),
    ])
    .where(inScope(scope, 'billing_record_services.tenant_id'))
  if (providerId !== undefined) query = query.where('provider_id', '=', providerId)
  if (customerId !== undefined) query = query.where('customer_id', '=', customerId)
  return keysetPage(query, 'billing_record_services.id', options)
}
export type ServiceView = Awaited<ReturnType<typeof listServices>>['items'][number]

export const findService = (tx: Tx, providerId: string, externalId: string) =>
  tx
    .selectFrom('billing_record_services')
    .selectAll()
    .where('provider_id', '=', providerId)
    .where('external_id', '=', externalId)
    .executeTakeFirst()

export const findInvoice = (tx: Tx, providerId: string, externalId: string) =>
  tx
    .selectFrom('billing_record_invoices')
    .selectAll()
    .where('provider_id', '=', providerId)
    .where('external_id', '=', externalId)
    .executeTakeFirst()

/** What was seen earlier never overwrites what was seen later. */
export async function putService(tx: Tx, row: Insertable<BillingRecordServicesTable>): Promise<void> {
  const { id: _, tenant_id: __, provider_id: ___, external_id: ____, created_at: _____, ...seen } = row
  await tx
    .insertInto('billing_record_services')
    .values(row)
    .onConflict((on) =>
      on
        .columns(['provider_id', 'external_id'])
        .doUpdateSet({ ...seen, gone_at: null })
        .where('billing_record_services.look', '<=', row.look),
    )
    .execute()
}

export async function putInvoice(tx: Tx, row: Insertable<BillingRecordInvoicesTable>): Promise<void> {
  const { id: _, tenant_id: __, provider_id: ___, external_id: ____, created_at: _____, ...seen } = row
  await tx
    .insertInto('billing_record_invoices')
    .values(row)
    .onConflict((on) =>
      on
        .columns(['provider_id', 'external_id'])
        .doUpdateSet({ ...seen, gone_at: null })
        .where('billing_record_invoices.look', '<=', row.look),
    )
    .execute()
}

/** All were read, and these were not among them. They are kept. @returns how many */
export async function markGone(
  tx: Tx,
  table: 'billing_record_services' | 'billing_record_invoices',
  { providerId, look, at }: { providerId: string; look: bigint; at: Date },
): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable(table)
    .set({ gone_at: at })
    .where('provider_id', '=', providerId)
    .where('look', '<', look)
    .where('gone_at', 'is', null)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

export type Totals = { currency: string; invoiced: bigint; paid: bigint; recurring: bigint }

/** What the record of a provider comes to, by currency. */
export async function totalsOf(tx: Tx, providerId: string): Promise<Totals[]> {
  const { rows } =
    await sql<Totals>`select currency, sum(invoiced)::bigint as invoiced, sum(paid)::bigint as paid,
      sum(recurring)::bigint as recurring
    from (select currency::text, total_minor as invoiced, paid_minor as paid, 0 as recurring from billing_record_invoices
        where provider_id = ${providerId} and gone_at is null
      union all select currency::text, 0, 0, recurring_minor from billing_record_services
        where provider_id = ${providerId} and gone_at is null and status in ('active', 'suspended')) parts
    group by currency order by currency`.execute(tx)
  return rows
}

/**
 * Customers that a client of WHMCS can be who is not known yet: by the reference that the provisioning module has left, else by
 * the e-mail address. Who was erased, merged or is joined with another client already is nobody of these.
 */
export async function candidates(
  tx: Tx,
  of: { tenantId: string; providerId: string; clientRef: string; email: string },
): Promise<{ id: string; byRef: boolean }[]> {
  const pattern = `whmcs:%:client-${of.clientRef}`
  const { rows } = await sql<{ id: string; byRef: boolean }>`
    select c.id, coalesce(c.external_ref like ${pattern}, false) as "byRef" from customers c
    where c.tenant_id = ${of.tenantId} and c.erased_at is null and c.state <> 'merged'
      and (lower(c.email) = lower(${of.email}) or c.external_ref like ${pattern})
      and not exists (select 1 from billing_customers b where b.provider_id = ${of.providerId} and b.customer_id = c.id
        and b.external_id is not null)
    order by 2 desc, c.id limit 3`.execute(tx)
  return rows
}

/** Providers whose books are taken over by themselves, and were not for a day. */
export async function dueForReading(tx: Tx, before: Date): Promise<{ id: string; tenant_id: string }[]> {
  const { rows } = await sql<{
    id: string
    tenant_id: string
  }>`select p.id, p.tenant_id from billing_providers p
    where p.authority = 'provider' and p.retired_at is null and (p.read_at is null or p.read_at < ${before})
      and not exists (select 1 from billing_record_runs r where r.provider_id = p.id
        and (r.state = 'running' or r.created_at > ${before}))
    order by p.id limit 20`.execute(tx)
  return rows
}

export async function noteRead(tx: Tx, providerId: string, at: Date): Promise<void> {
  await tx.updateTable('billing_providers').set({ read_at: at }).where('id', '=', providerId).execute()
}

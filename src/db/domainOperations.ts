import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { DomainRow } from './domains.ts'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'
import type { DomainContactsTable, DomainNameserversTable, DomainOperationsTable } from './types.ts'

export type OperationRow = Selectable<DomainOperationsTable>
export type ContactRow = Selectable<DomainContactsTable>
export type NameserverRow = Selectable<DomainNameserversTable>

const OPEN = ['queued', 'running', 'pending_registry', 'unknown'] as const

export async function insert(tx: Tx, operation: Insertable<DomainOperationsTable>): Promise<void> {
  await tx.insertInto('domain_operations').values(operation).execute()
}

export const find = (tx: Tx, tenantId: string, id: string): Promise<OperationRow | undefined> =>
  tx
    .selectFrom('domain_operations')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()

export const lock = (tx: Tx, tenantId: string, id: string): Promise<OperationRow | undefined> =>
  tx
    .selectFrom('domain_operations')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()

export async function update(tx: Tx, id: string, change: Updateable<DomainOperationsTable>): Promise<void> {
  await tx.updateTable('domain_operations').set(change).where('id', '=', id).execute()
}

export const list = (tx: Tx, tenantId: string, domainId: string, options: ListOptions) =>
  keysetPage(
    tx
      .selectFrom('domain_operations')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('domain_id', '=', domainId),
    'domain_operations.id',
    options,
  )

/** What is being done, or waits for its payment; what is being done comes first. */
export const open = (tx: Tx, tenantId: string, domainId: string): Promise<OperationRow[]> =>
  tx
    .selectFrom('domain_operations')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('domain_id', '=', domainId)
    .where('state', 'in', [...OPEN, 'awaiting_payment'])
    .orderBy(sql`state = 'awaiting_payment'`)
    .execute()

export type Paid = { id: string; tenant_id: string; domain_id: string; is: 'paid' | 'void' | 'late' }

/** The order that waits for this invoice to be paid, and its domain. */
export const waitingFor = (
  tx: Tx,
  tenantId: string,
  invoiceId: string,
): Promise<{ operation_id: string; id: string; tenant_id: string; unicode_name: string } | undefined> =>
  tx
    .selectFrom('domain_operations as o')
    .innerJoin('domains as d', 'd.id', 'o.domain_id')
    .select(['o.id as operation_id', 'd.id', 'd.tenant_id', 'd.unicode_name'])
    .where('o.tenant_id', '=', tenantId)
    .where('o.invoice_id', '=', invoiceId)
    .where('o.state', '=', 'awaiting_payment')
    .executeTakeFirst()

/**
 * Orders whose invoice was paid, taken back, or not paid in time. What is paid waits for what is going on about its domain.
 * Without `id` the whole platform is seen.
 */
export async function decidedOrders(
  tx: Tx,
  { now, limit = 1, id = null }: { now: Date; limit?: number; id?: string | null },
): Promise<Paid[]> {
  const { rows } = await sql<Paid>`
    select o.id, o.tenant_id, o.domain_id,
        case when i.status = 'paid' then 'paid' when i.status = 'open' then 'late' else 'void' end as is
      from domain_operations o join invoices i on i.id = o.invoice_id
      where o.state = 'awaiting_payment' and (${id}::uuid is null or o.id = ${id}) and (i.status <> 'open' or i.due_date < ${now}::timestamptz - interval '1 day')
        and not (i.status = 'paid' and exists (select from domain_operations other where other.domain_id = o.domain_id
          and other.state in ('queued', 'running', 'pending_registry', 'unknown')))
      order by o.id limit ${limit}`.execute(tx)
  return rows
}

export const contactsOf = (tx: Tx, tenantId: string, domainId: string): Promise<ContactRow[]> =>
  tx
    .selectFrom('domain_contacts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('domain_id', '=', domainId)
    .execute()

export async function setContacts(
  tx: Tx,
  tenantId: string,
  domainId: string,
  rows: Insertable<DomainContactsTable>[],
): Promise<void> {
  await tx
    .deleteFrom('domain_contacts')
    .where('tenant_id', '=', tenantId)
    .where('domain_id', '=', domainId)
    .execute()
  await tx.insertInto('domain_contacts').values(rows).execute()
}

export const nameserversOf = (tx: Tx, tenantId: string, domainId: string): Promise<NameserverRow[]> =>
  tx
    .selectFrom('domain_nameservers')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('domain_id', '=', domainId)
    .orderBy('position')
    .execute()

export async function setNameservers(
  tx: Tx,
  tenantId: string,
  domainId: string,
  servers: readonly { host: string; addresses: string[] }[],
): Promise<void> {
  await tx
    .deleteFrom('domain_nameservers')
    .where('tenant_id', '=', tenantId)
    .where('domain_id', '=', domainId)
    .execute()
  const rows = servers.map((one, at) => ({
    ...one,
    tenant_id: tenantId,
    domain_id: domainId,
    position: at + 1,
  }))
  if (rows.length > 0) await tx.insertInto('domain_nameservers').values(rows).execute()
}

/** The registry's word about whose a domain is: claims of others that were proven before lose. */
export async function provenByRegistry(tx: Tx, domainId: string, now: Date): Promise<void> {
  await sql`select domain_proven_by_registry(${domainId}::uuid, ${now}::timestamptz)`.execute(tx)
}

/** A domain of an account that has not ended, by its name. The whole platform is seen. */
export const byName = (tx: Tx, accountId: string, name: string): Promise<DomainRow | undefined> =>
  tx
    .selectFrom('domains')
    .selectAll()
    .where('registrar_account_id', '=', accountId)
    .where('name', '=', name)
    .where('ended_at', 'is', null)
    .executeTakeFirst()

const IDLE = sql`not exists (select from provisioning_jobs_live as job where job.serial_key = 'domain:' || d.id
  and job.state not in ('succeeded', 'failed', 'cancelled'))`

/** Domains that are to be compared with their registry: each once a day, what waits for a decision every few minutes. */
export async function dueForSync(tx: Tx, now: Date, limit: number): Promise<DomainRow[]> {
  const { rows } = await sql<DomainRow>`
    select d.* from domains d join registrar_accounts a on a.id = d.registrar_account_id and a.state = 'active'
      where d.ended_at is null and d.registration not in ('external', 'awaiting_payment', 'registering') and ${IDLE}
        and (d.synced_at is null or d.synced_at < ${now}::timestamptz - interval '1 day'
          or (d.synced_at < ${now}::timestamptz - interval '5 minutes' and (d.registration in ('pending_registry',
            'transferring_in', 'pending_restore', 'transfer_out_pending') or (d.expires_at < ${now} and d.registration = 'active'))))
      order by d.synced_at nulls first limit ${limit}`.execute(tx)
  return rows
}

/** The days before the expiry at which a renewal is ordered, each once, until one has been. */
const DAYS_BEFORE = [30, 14, 7, 3, 1]

export type Soon = {
  id: string
  tenant_id: string
  name: string
  customer: { id: string; name: string } | null
  at: Date
  is_renewal: boolean
}

/** When the coming renewals of domains of all tenants are ordered, and when domains expire, after a time; the soonest first. */
export async function soonest(tx: Tx, after: Date, until: Date, limit: number): Promise<Soon[]> {
  const { rows } = await sql<Soon>`
    select d.id, d.tenant_id, d.unicode_name as name, e.at, e.is_renewal,
      case when k.id is not null then jsonb_build_object('id', k.id, 'name', coalesce(k.company, k.name)) end as customer
    from domains d left join customers k on k.id = d.customer_id cross join lateral (
      select d.expires_at as at, false as is_renewal
      union all (select d.expires_at - day * interval '1 day', true from unnest(${DAYS_BEFORE}::int[]) as day
        where d.auto_renew and d.customer_id is not null and d.expires_at - day * interval '1 day' > ${after}
        order by day desc limit 1)) e
    where d.ended_at is null and d.registration in ('active', 'suspended', 'expired_grace')
      and e.at > ${after} and e.at <= ${until} order by e.at, d.id limit ${limit}`.execute(tx)
  return rows
}

export async function dueForRenewal(tx: Tx, now: Date, limit: number): Promise<DomainRow[]> {
  const { rows } = await sql<DomainRow>`
    select d.* from domains d where d.auto_renew and d.ended_at is null and d.customer_id is not null
      and d.registration in ('active', 'suspended', 'expired_grace') and d.expires_at < ${now}::timestamptz + interval '30 days'
      and exists (select from unnest(${DAYS_BEFORE}::int[]) as day where d.expires_at - day * interval '1 day' <= ${now}
        and (d.renewal_tried_at is null or d.renewal_tried_at < d.expires_at - day * interval '1 day'))
      and not exists (select from domain_operations o where o.domain_id = d.id and o.ended_at is null)
    order by d.expires_at limit ${limit}`.execute(tx)
  return rows
}

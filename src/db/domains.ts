import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { containing, inScope, keysetPage, type ListOptions } from './list.ts'
import type { DomainsTable } from './types.ts'

export type DomainRow = Selectable<DomainsTable>

const view = (tx: Tx) =>
  tx
    .selectFrom('domains')
    .innerJoin('tenants as tenant', 'tenant.id', 'domains.tenant_id')
    .leftJoin('customers as customer', 'customer.id', 'domains.customer_id')
    .selectAll('domains')
    .select(['tenant.name as tenant_name', 'customer.name as customer_name'])

export type DomainView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export type DomainFilter = {
  q?: string | undefined
  customerId?: string | undefined
  verified?: boolean | undefined
  expiresBefore?: string | undefined
}

/** Those that have not ended. */
export function list(tx: Tx, scope: Scope, options: ListOptions & DomainFilter) {
  if (options.q !== undefined) return listFound(tx, options.q, options)
  let query = view(tx).where(inScope(scope, 'domains.tenant_id')).where('domains.ended_at', 'is', null)
  if (options.customerId !== undefined) query = query.where('domains.customer_id', '=', options.customerId)
  if (options.verified !== undefined)
    query = query.where('domains.verified_at', options.verified ? 'is not' : 'is', null)
  if (options.expiresBefore !== undefined)
    query = query.where(sql<boolean>`domains.expires_at < ${options.expiresBefore}::date::timestamptz`)
  return keysetPage(query, 'domains.id', options)
}

/** By the function of the database that may use the index of names for it. */
function listFound(tx: Tx, q: string, options: ListOptions & DomainFilter) {
  const found = sql<string>`(select domains_found(${containing(q)}, ${options.customerId ?? null}::uuid,
    ${options.verified ?? null}, ${options.expiresBefore ?? null}::date::timestamptz, ${options.cursor ?? null}::uuid,
    ${options.sort === '-createdAt'}, ${options.limit + 1}))`
  return keysetPage(view(tx).where('domains.id', 'in', found), 'domains.id', options)
}

export const find = (tx: Tx, tenantId: string, id: string): Promise<DomainView | undefined> =>
  view(tx).where('domains.tenant_id', '=', tenantId).where('domains.id', '=', id).executeTakeFirst()

export function lock(tx: Tx, tenantId: string, id: string): Promise<DomainRow | undefined> {
  return tx
    .selectFrom('domains')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
}

/** One of a tenant that has not ended, by its name. */
export const present = (tx: Tx, tenantId: string, name: string): Promise<DomainRow | undefined> =>
  tx
    .selectFrom('domains')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .where('ended_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()

export async function insert(tx: Tx, domain: Insertable<DomainsTable>): Promise<void> {
  await tx.insertInto('domains').values(domain).execute()
}

export function update(tx: Tx, id: string, change: Updateable<DomainsTable>): Promise<DomainRow> {
  return tx
    .updateTable('domains')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Writes down what a look has found, which is no change of the domain. */
export async function noteCheck(tx: Tx, id: string, at: Date, fault: string | null): Promise<void> {
  await tx.updateTable('domains').set({ checked_at: at, check_fault: fault }).where('id', '=', id).execute()
}

/** Whether another tenant has proven the same name. The whole platform must be seen. */
export async function isHeldByOther(tx: Tx, { id, name }: Pick<DomainRow, 'id' | 'name'>): Promise<boolean> {
  const { rows } = await sql`select from domains
    where name = ${name} and id <> ${id} and verified_at is not null and ended_at is null`.execute(tx)
  return rows.length > 0
}

/**
 * Those whose proof is looked for again: soon after they were added every few minutes, later rarely, and no longer after
 * a month; none that has such a job already.
 */
export async function dueForCheck(tx: Tx, now: Date, limit: number): Promise<DomainRow[]> {
  const { rows } = await sql<DomainRow>`select * from domains
    where verified_at is null and ended_at is null and registration = 'external' and created_at > ${now}::timestamptz - interval '30 days'
      and coalesce(checked_at, created_at) < ${now}::timestamptz - case when created_at > ${now}::timestamptz - interval '1 hour'
        then interval '2 minutes' else interval '6 hours' end
      and not exists (select from provisioning_jobs_live as job where job.serial_key = 'domain:' || domains.id
        and job.state not in ('succeeded', 'failed', 'cancelled'))
    order by coalesce(checked_at, created_at) limit ${limit}`.execute(tx)
  return rows
}

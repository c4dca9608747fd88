import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { Scope, Tx } from './index.ts'
import type { BillingCustomersTable, BillingProvidersTable, PaymentMethodsTable } from './types.ts'

export type ProviderRow = Selectable<BillingProvidersTable>
export type LinkRow = Selectable<BillingCustomersTable>
export type MethodRow = Selectable<PaymentMethodsTable>

const view = (tx: Tx) =>
  tx
    .selectFrom('billing_providers')
    .leftJoin('tenants as tenant', 'tenant.id', 'billing_providers.tenant_id')
    .selectAll('billing_providers')
    .select([
      'tenant.name as tenant_name',
      sql<Date | null>`(select max(e.received_at) from billing_events e where e.provider_id = billing_providers.id)`.as(
        'heard_at',
      ),
      sql<number>`(select count(*)::int from billing_events e where e.provider_id = billing_providers.id and e.state = 'new')`.as(
        'waiting',
      ),
      sql<number>`(select count(*)::int from billing_events e where e.provider_id = billing_providers.id and e.state = 'parked')`.as(
        'parked',
      ),
    ])

export type ProviderView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

/** Providers of the scope's tenants, and the platform's. Those that are retired are history. */
export function list(tx: Tx, scope: Scope, options: ListOptions) {
  const query = view(tx)
    .where('retired_at', 'is', null)
    .where((eb) =>
      eb.or([eb('billing_providers.tenant_id', 'is', null), inScope(scope, 'billing_providers.tenant_id')]),
    )
  return keysetPage(query, 'billing_providers.id', options)
}

export const find = (tx: Tx, id: string): Promise<ProviderView | undefined> =>
  view(tx).where('billing_providers.id', '=', id).executeTakeFirst()

export const lock = (tx: Tx, id: string): Promise<ProviderRow | undefined> =>
  tx.selectFrom('billing_providers').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()

/** Who collects for a tenant: its own choice, else the platform's. */
export const ofTenant = (tx: Tx, tenantId: string): Promise<ProviderRow | undefined> =>
  tx
    .selectFrom('billing_providers')
    .selectAll()
    .where('retired_at', 'is', null)
    .where((eb) => eb.or([eb('tenant_id', 'is', null), eb('tenant_id', '=', tenantId)]))
    .orderBy('tenant_id', (by) => by.asc().nullsLast())
    .limit(1)
    .executeTakeFirst()

/** Under whose address messages come that name no provider. */
export const ofPlatform = (tx: Tx): Promise<ProviderRow | undefined> =>
  tx
    .selectFrom('billing_providers')
    .selectAll()
    .where('retired_at', 'is', null)
    .where('tenant_id', 'is', null)
    .executeTakeFirst()

export async function insert(tx: Tx, provider: Insertable<BillingProvidersTable>): Promise<void> {
  await tx.insertInto('billing_providers').values(provider).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<BillingProvidersTable>): Promise<void> {
  await tx
    .updateTable('billing_providers')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

/** What was found out about it, which is no change of it. */
export async function noteHealth(
  tx: Tx,
  id: string,
  { account, message, at }: { account: string | null; message: string | null; at: Date },
): Promise<void> {
  await tx
    .updateTable('billing_providers')
    .set({
      ...(account === null ? {} : { account }),
      health: message === null ? 'ok' : 'failing',
      health_message: message,
      checked_at: at,
    })
    .where('id', '=', id)
    .execute()
}

/** Those in use that are asked over the network. */
export const inUse = (tx: Tx): Promise<ProviderRow[]> =>
  tx
    .selectFrom('billing_providers')
    .selectAll()
    .where('retired_at', 'is', null)
    .where('kind', '!=', 'manual')
    .orderBy('id')
    .execute()

/** Those in use that keep what they had to say, with when they were last heard. */
export async function heard(tx: Tx): Promise<(ProviderRow & { heard_at: Date | null })[]> {
  const { rows } = await sql<ProviderRow & { heard_at: Date | null }>`select p.*,
      (select max(e.occurred_at) from billing_events e where e.provider_id = p.id) as heard_at
    from billing_providers p where p.kind = 'stripe' and p.retired_at is null order by p.id`.execute(tx)
  return rows
}

/** A number that says who has looked later. */
export async function takeLook(tx: Tx): Promise<bigint> {
  const { rows } = await sql<{ look: bigint }>`select nextval('billing_looks')::bigint as look`.execute(tx)
  return rows[0]?.look ?? 0n
}

/** The customer there, which is about to be asked for. Whoever asks at the same time finds the same row. */
export async function lockLink(tx: Tx, link: Insertable<BillingCustomersTable>): Promise<LinkRow> {
  await tx
    .insertInto('billing_customers')
    .values(link)
    .onConflict((on) => on.columns(['provider_id', 'customer_id']).doNothing())
    .execute()
  return tx
    .selectFrom('billing_customers')
    .selectAll()
    .where('provider_id', '=', link.provider_id)
    .where('customer_id', '=', link.customer_id)
    .forUpdate()
    .executeTakeFirstOrThrow()
}

export const findLink = (tx: Tx, providerId: string, externalId: string): Promise<LinkRow | undefined> =>
  tx
    .selectFrom('billing_customers')
    .selectAll()
    .where('provider_id', '=', providerId)
    .where('external_id', '=', externalId)
    .executeTakeFirst()

export const linkById = (tx: Tx, id: string): Promise<LinkRow | undefined> =>
  tx.selectFrom('billing_customers').selectAll().where('id', '=', id).executeTakeFirst()

/** The customers there of one of ours, at any provider. */
export const linksOf = (tx: Tx, tenantId: string, customerId: string): Promise<LinkRow[]> =>
  tx
    .selectFrom('billing_customers')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('customer_id', '=', customerId)
    .execute()

export async function updateLink(
  tx: Tx,
  id: string,
  change: Updateable<BillingCustomersTable>,
): Promise<void> {
  await tx.updateTable('billing_customers').set(change).where('id', '=', id).execute()
}

export function listMethods(tx: Tx, scope: Scope, customerId: string | undefined, options: ListOptions) {
  let query = tx
    .selectFrom('payment_methods')
    .selectAll()
    .where(inScope(scope, 'payment_methods.tenant_id'))
    .where('state', '<>', 'removed')
  if (customerId !== undefined) query = query.where('customer_id', '=', customerId)
  return keysetPage(query, 'payment_methods.id', options)
}

export const lockMethod = (tx: Tx, tenantId: string, id: string): Promise<MethodRow | undefined> =>
  tx
    .selectFrom('payment_methods')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()

export const findMethodByRef = (
  tx: Tx,
  providerId: string,
  externalId: string,
): Promise<MethodRow | undefined> =>
  tx
    .selectFrom('payment_methods')
    .selectAll()
    .where('provider_id', '=', providerId)
    .where('external_id', '=', externalId)
    .executeTakeFirst()

/** What a customer is charged with by this provider. */
export const defaultMethod = (
  tx: Tx,
  providerId: string,
  customerId: string,
): Promise<MethodRow | undefined> =>
  tx
    .selectFrom('payment_methods')
    .selectAll()
    .where('provider_id', '=', providerId)
    .where('customer_id', '=', customerId)
    .where('is_default', '=', true)
    .executeTakeFirst()

export const methodsOfLink = (tx: Tx, linkId: string): Promise<MethodRow[]> =>
  tx
    .selectFrom('payment_methods')
    .selectAll()
    .where('billing_customer_id', '=', linkId)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()

export async function insertMethod(tx: Tx, method: Insertable<PaymentMethodsTable>): Promise<void> {
  await tx.insertInto('payment_methods').values(method).execute()
}

export async function updateMethod(
  tx: Tx,
  id: string,
  change: Updateable<PaymentMethodsTable>,
): Promise<void> {
  await tx.updateTable('payment_methods').set(change).where('id', '=', id).execute()
}

/** One default at most: taken from whichever has it. */
export async function clearDefault(tx: Tx, customerId: string): Promise<void> {
  await tx
    .updateTable('payment_methods')
    .set({ is_default: false })
    .where('customer_id', '=', customerId)
    .where('is_default', '=', true)
    .execute()
}

/** Goes with its customer when that one is merged into another. It is charged as before; the default is the other's. */
export async function moveMethods(tx: Tx, tenantId: string, from: string, into: string): Promise<void> {
  await sql`update payment_methods set customer_id = ${into}, is_default = false
    where tenant_id = ${tenantId} and customer_id = ${from}`.execute(tx)
}

export async function hasDefault(tx: Tx, customerId: string): Promise<boolean> {
  const row = await tx
    .selectFrom('payment_methods')
    .select('id')
    .where('customer_id', '=', customerId)
    .where('is_default', '=', true)
    .executeTakeFirst()
  return row !== undefined
}

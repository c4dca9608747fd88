import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'
import type { RegistrarAccountsTable, RegistrarEventsTable, TldPricesTable } from './types.ts'

export type AccountRow = Selectable<RegistrarAccountsTable>
type PriceRow = Selectable<TldPricesTable>
export type PaidOperation = PriceRow['operation']

const view = (tx: Tx) =>
  tx
    .selectFrom('registrar_accounts')
    .selectAll()
    .select([
      sql<number>`(select count(*)::int from domains d where d.registrar_account_id = registrar_accounts.id
        and d.ended_at is null)`.as('domains'),
      sql<number>`(select count(*)::int from tld_prices p where p.account_id = registrar_accounts.id)`.as(
        'prices',
      ),
      sql<number>`(select count(*)::int from domain_operations o where o.account_id = registrar_accounts.id
        and o.held_at is not null and o.ended_at is null)`.as('held'),
    ])
export type AccountView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export const list = (tx: Tx, options: ListOptions) => keysetPage(view(tx), 'registrar_accounts.id', options)

export const find = (tx: Tx, id: string): Promise<AccountView | undefined> =>
  view(tx).where('id', '=', id).executeTakeFirst()

export const lock = (tx: Tx, id: string): Promise<AccountRow | undefined> =>
  tx.selectFrom('registrar_accounts').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()

export const findSimulated = (tx: Tx): Promise<AccountRow | undefined> =>
  tx.selectFrom('registrar_accounts').selectAll().where('simulated', '=', true).executeTakeFirst()

export async function insert(tx: Tx, account: Insertable<RegistrarAccountsTable>): Promise<void> {
  await tx.insertInto('registrar_accounts').values(account).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<RegistrarAccountsTable>): Promise<void> {
  await tx.updateTable('registrar_accounts').set(change).where('id', '=', id).execute()
}

/** Active accounts about which no job of this kind waits or runs. */
export async function without(tx: Tx, kind: string): Promise<{ id: string; name: string }[]> {
  const { rows } = await sql<{ id: string; name: string }>`
    select a.id, a.name from registrar_accounts a where a.state = 'active'
      and not exists (select from provisioning_jobs_live j where j.queue = 'domain' and j.kind = ${kind}
        and j.subject_id = a.id and j.state not in ('succeeded', 'failed', 'cancelled'))
    order by a.id`.execute(tx)
  return rows
}

/** Whether a deed waits because the account had too little. */
export async function isHeld(tx: Tx, id: string): Promise<boolean> {
  const found = await tx
    .selectFrom('domain_operations')
    .select('id')
    .where('account_id', '=', id)
    .where('held_at', 'is not', null)
    .where('ended_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}

/** Jobs of deeds that wait because the account had too little. */
export async function heldJobs(tx: Tx, id: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select j.id from domain_operations o join provisioning_jobs_live j on j.queue = 'domain' and j.serial_key = 'domain:' || o.domain_id
        and j.payload->>'operationId' = o.id::text and j.state = 'scheduled'
      where o.account_id = ${id} and o.held_at is not null and o.ended_at is null order by j.id`.execute(tx)
  return rows.map((row) => row.id)
}

/** Accounts in which there is too little, the longest first. */
export const lowBalances = (tx: Tx): Promise<AccountView[]> =>
  view(tx)
    .where('balance_low_at', 'is not', null)
    .where('state', '=', 'active')
    .orderBy('balance_low_at')
    .execute()

/** @returns whether the message is new */
export async function insertEvent(tx: Tx, event: Insertable<RegistrarEventsTable>): Promise<boolean> {
  const made = await tx
    .insertInto('registrar_events')
    .values(event)
    .onConflict((conflict) => conflict.columns(['account_id', 'message_id']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return made !== undefined
}

const prices = (tx: Tx) =>
  tx
    .selectFrom('tld_prices')
    .innerJoin('registrar_accounts as account', 'account.id', 'tld_prices.account_id')
    .selectAll('tld_prices')
    .select('account.name as account_name')
export type PriceView = Awaited<ReturnType<ReturnType<typeof prices>['executeTakeFirstOrThrow']>>

export function listPrices(
  tx: Tx,
  {
    registrarId,
    tld,
    ...options
  }: ListOptions & { registrarId?: string | undefined; tld?: string | undefined },
) {
  let query = prices(tx)
  if (registrarId !== undefined) query = query.where('tld_prices.account_id', '=', registrarId)
  if (tld !== undefined) query = query.where('tld_prices.tld', '=', tld)
  return keysetPage(query, 'tld_prices.id', options)
}

export const findPrice = (tx: Tx, id: string): Promise<PriceView | undefined> =>
  prices(tx).where('tld_prices.id', '=', id).executeTakeFirst()

/** A price of the same account, TLD, deed, years and currency is replaced. @returns its id, and whether it is new */
export async function setPrice(tx: Tx, price: Insertable<TldPricesTable>): Promise<string> {
  const { id } = await tx
    .insertInto('tld_prices')
    .values(price)
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'tld', 'operation', 'years', 'currency']).doUpdateSet({
        cost_minor: price.cost_minor,
        margin_minor: price.margin_minor,
        updated_at: price.updated_at,
      }),
    )
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

export async function removePrice(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('tld_prices').where('id', '=', id).execute()
}

export type Offer = { accountId: string; tld: string; minor: bigint; years: number }

/**
 * What a deed is sold for, the cheapest first: by a price for just these years, or so many times that of one year.
 * @param accountId null: of any account that is active
 */
export async function offers(
  tx: Tx,
  of: {
    operation: PaidOperation
    years: number
    currency: string
    tld: string | null
    accountId: string | null
  },
): Promise<Offer[]> {
  const { rows } = await sql<Offer>`
    select distinct on (p.account_id, p.tld) p.account_id as "accountId", p.tld, ${of.years}::int as years,
        case when p.years = ${of.years} then p.price_minor else p.price_minor * ${of.years} end as minor
      from tld_prices p join registrar_accounts a on a.id = p.account_id
      where p.operation = ${of.operation} and p.currency = ${of.currency} and p.years in (${of.years}, 1)
        and (${of.tld}::text is null or p.tld = ${of.tld}) and (a.id = ${of.accountId}::uuid
          or (${of.accountId}::uuid is null and a.state = 'active'))
      order by p.account_id, p.tld, p.years = ${of.years} desc`.execute(tx)
  return rows.toSorted((a, b) => (a.minor < b.minor ? -1 : a.minor > b.minor ? 1 : 0))
}

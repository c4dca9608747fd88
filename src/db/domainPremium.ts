import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** Minor units of the account's currency, for a year and without margin; null: it was not said. */
export type PremiumPrices = {
  register: string | null
  renew: string | null
  transferIn: string | null
  restore: string | null
}
/** `marginPercent` null: premium names are not sold. */
export type PremiumQuote = {
  accountId: string
  currency: string
  marginPercent: number | null
  prices: PremiumPrices
  seenAt: Date
}

const KEPT_DAYS = 1

/** Keeps what a search has seen; what is old goes. */
export async function put(
  tx: Tx,
  rows: readonly { accountId: string; name: string; prices: PremiumPrices }[],
  now: Date,
): Promise<void> {
  await sql`delete from premium_quotes where seen_at < ${now}::timestamptz - ${KEPT_DAYS} * interval '1 day'`.execute(
    tx,
  )
  if (rows.length === 0) return
  await tx
    .insertInto('premium_quotes')
    .values(
      rows
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ accountId, name, prices }) => ({
          account_id: accountId,
          name,
          prices: JSON.stringify(prices),
          seen_at: now,
        })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['account_id', 'name'])
        .doUpdateSet((excluded) => ({ prices: excluded.ref('excluded.prices'), seen_at: now })),
    )
    .execute()
}

/** What accounts that are active ask for a name, of those that keep their money in that currency. */
export async function of(tx: Tx, name: string, currency: string): Promise<PremiumQuote[]> {
  const { rows } = await sql<PremiumQuote>`
    select q.account_id as "accountId", a.currency, a.premium_margin_percent as "marginPercent", q.prices, q.seen_at as "seenAt"
      from premium_quotes q join registrar_accounts a on a.id = q.account_id and a.state = 'active'
      where q.name = ${name} and a.currency = ${currency} and a.premium_margin_percent is not null
      order by q.account_id`.execute(tx)
  return rows
}

/** A registry has refused a price: the next order needs another search. */
export async function forget(tx: Tx, name: string): Promise<void> {
  await tx.deleteFrom('premium_quotes').where('name', '=', name).execute()
}

import { sql, type Insertable, type Selectable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { AddonPricesTable, AddonsTable } from './types.ts'

export type AddonRow = Selectable<AddonsTable>
export type AddonPriceRow = Selectable<AddonPricesTable>

export async function insert(
  tx: Tx,
  addon: Insertable<AddonsTable>,
  prices: Insertable<AddonPricesTable>[],
): Promise<void> {
  await tx.insertInto('addons').values(addon).execute()
  await tx.insertInto('addon_prices').values(prices).execute()
}

export const lock = (tx: Tx, id: string): Promise<AddonRow | undefined> =>
  tx.selectFrom('addons').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()

export async function setState(tx: Tx, id: string, state: AddonRow['state']): Promise<void> {
  await tx
    .updateTable('addons')
    .set({ state, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

/** Those that every tenant sells and those of the scope's tenants. */
export function list(tx: Tx, scope: Scope, options: ListOptions) {
  const query = tx
    .selectFrom('addons')
    .selectAll()
    .where((eb) => eb.or([eb('addons.tenant_id', 'is', null), inScope(scope, 'addons.tenant_id')]))
  return keysetPage(query, 'addons.id', options)
}

export async function byIds(tx: Tx, ids: readonly string[]): Promise<AddonRow[]> {
  const { rows } = await sql<AddonRow>`select * from addons where id = any (${[...ids]}::uuid[])`.execute(tx)
  return rows
}

export async function pricesOf(tx: Tx, addonIds: readonly string[]): Promise<AddonPriceRow[]> {
  const { rows } = await sql<AddonPriceRow>`select * from addon_prices
    where addon_id = any (${[...addonIds]}::uuid[]) order by unit_minor, id`.execute(tx)
  return rows
}

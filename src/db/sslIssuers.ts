import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'
import type { AcmeAccountsTable, SslIssuersTable } from './types.ts'

export type IssuerRow = Selectable<SslIssuersTable>
export type AccountRow = Selectable<AcmeAccountsTable>

const view = (tx: Tx) =>
  tx
    .selectFrom('ssl_issuers')
    .selectAll()
    .select(
      sql<boolean>`exists (select from acme_accounts a where a.issuer_id = ssl_issuers.id and a.url is not null)`.as(
        'has_account',
      ),
    )

export type IssuerView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export const list = (tx: Tx, options: ListOptions) =>
  keysetPage(view(tx).where('state', '=', 'active'), 'ssl_issuers.id', options)

export const find = (tx: Tx, id: string): Promise<IssuerView | undefined> =>
  view(tx).where('ssl_issuers.id', '=', id).executeTakeFirst()

/** In the order in which they are asked: CAs of the outside by their priority, the private one last. */
export const active = (tx: Tx): Promise<IssuerRow[]> =>
  tx
    .selectFrom('ssl_issuers')
    .selectAll()
    .where('state', '=', 'active')
    .orderBy('kind')
    .orderBy('priority')
    .orderBy('id')
    .execute()

export const privateOne = (tx: Tx): Promise<IssuerRow | undefined> =>
  tx.selectFrom('ssl_issuers').selectAll().where('kind', '=', 'private').executeTakeFirst()

export const byDirectory = (tx: Tx, url: string): Promise<IssuerRow | undefined> =>
  tx.selectFrom('ssl_issuers').selectAll().where('directory_url', '=', url).executeTakeFirst()

export async function insert(tx: Tx, row: Insertable<SslIssuersTable>): Promise<void> {
  await tx.insertInto('ssl_issuers').values(row).execute()
}

/** The first one made stays. */
export async function insertPrivate(tx: Tx, row: Insertable<SslIssuersTable>): Promise<void> {
  await tx
    .insertInto('ssl_issuers')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

export async function update(tx: Tx, id: string, change: Updateable<SslIssuersTable>): Promise<void> {
  await tx
    .updateTable('ssl_issuers')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

/** Takes one order out of the budget, which is there again within three hours. @returns whether there was one */
export async function takeToken(tx: Tx, id: string, at: Date): Promise<boolean> {
  const after = sql`greatest(budget_at, ${at}::timestamptz) + interval '3 hours' / budget`
  const { rows } = await sql`update ssl_issuers set budget_at = ${after}
    where id = ${id} and ${after} <= ${at}::timestamptz + interval '3 hours' returning id`.execute(tx)
  return rows.length > 0
}

export const accountOf = (tx: Tx, issuerId: string): Promise<AccountRow | undefined> =>
  tx.selectFrom('acme_accounts').selectAll().where('issuer_id', '=', issuerId).executeTakeFirst()

/** The first key stays: whoever else was about to make one reads this. */
export async function insertAccount(tx: Tx, row: Insertable<AcmeAccountsTable>): Promise<void> {
  await tx
    .insertInto('acme_accounts')
    .values(row)
    .onConflict((conflict) => conflict.column('issuer_id').doNothing())
    .execute()
}

export async function setAccountUrl(tx: Tx, id: string, url: string | null): Promise<void> {
  await tx.updateTable('acme_accounts').set({ url }).where('id', '=', id).execute()
}

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
    .select([
      sql<boolean>`exists (select from acme_accounts a where a.issuer_id = ssl_issuers.id and a.url is not null)`.as(
        'has_account',
      ),
      sql<boolean>`exists (select from acme_accounts a where a.issuer_id = ssl_issuers.id and a.next_key_sealed is not null)`.as(
        'is_changing_key',
      ),
      sql<Date | null>`(select a.key_changed_at from acme_accounts a where a.issuer_id = ssl_issuers.id)`.as(
        'key_changed_at',
      ),
    ])

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

export const lockPrivate = (tx: Tx, id: string): Promise<IssuerRow | undefined> =>
  tx.selectFrom('ssl_issuers').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

type Revoked = { serial: string; revoked_at: Date; revoke_reason: string | null }

/** What an issuer has revoked and would still be good. */
export async function revokedOf(tx: Tx, issuerId: string, at: Date): Promise<Revoked[]> {
  const { rows } = await sql<Revoked>`select serial, revoked_at, revoke_reason from ssl_certificate_versions
    where issuer_id = ${issuerId} and state = 'revoked' and not_after > ${at} order by revoked_at`.execute(tx)
  return rows
}

/**
 * Takes one certificate for each registered domain out of the issuer's budget of a week, or none at all.
 * @returns when there is one again; null: they were taken
 */
export async function takeDomains(
  tx: Tx,
  issuer: { id: string; budget: number },
  domains: readonly string[],
  at: Date,
): Promise<{ domain: string; free: Date } | null> {
  const each = WEEK_MS / issuer.budget
  const end = at.getTime() + WEEK_MS
  const next: { domain: string; full: number }[] = []
  // In one order for everybody, so that two orders do not wait for each other.
  for (const domain of domains.toSorted()) {
    await sql`insert into ssl_domain_budgets (issuer_id, domain, full_at) values (${issuer.id}, ${domain}, ${at})
      on conflict do nothing`.execute(tx)
    const { rows } = await sql<{ full_at: Date }>`select full_at from ssl_domain_budgets
      where issuer_id = ${issuer.id} and domain = ${domain} for update`.execute(tx)
    const full = Math.max(rows[0]?.full_at.getTime() ?? 0, at.getTime()) + each
    // A rounded millisecond is no reason to wait.
    if (full > end + 1) return { domain, free: new Date(at.getTime() + full - end) }
    next.push({ domain, full })
  }
  for (const { domain, full } of next)
    await sql`update ssl_domain_budgets set full_at = ${new Date(full)}
      where issuer_id = ${issuer.id} and domain = ${domain}`.execute(tx)
  return null
}

const WEEK_MS = 7 * 86_400_000

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

export const allAccounts = (tx: Tx): Promise<AccountRow[]> =>
  tx.selectFrom('acme_accounts').selectAll().execute()

export const lockAccount = (tx: Tx, id: string): Promise<AccountRow | undefined> =>
  tx.selectFrom('acme_accounts').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

export async function updateAccount(
  tx: Tx,
  id: string,
  change: Updateable<AcmeAccountsTable>,
): Promise<void> {
  await tx.updateTable('acme_accounts').set(change).where('id', '=', id).execute()
}

export async function setAccountUrl(tx: Tx, id: string, url: string | null): Promise<void> {
  await tx.updateTable('acme_accounts').set({ url }).where('id', '=', id).execute()
}

import { sql } from 'kysely'
import { recurring } from './billingReports.ts'
import type { Scope, Tx } from './index.ts'
import { inScope } from './list.ts'

const COUNTED = {
  customer: 'customers',
  cloudPod: 'cloud_pods',
  subscription: 'subscriptions',
} as const
export type Subject = keyof typeof COUNTED | 'recurring'

/** So many of a subject in a state; of `recurring`, so many subscriptions and what they bring in a month, in a currency. */
export type Figure = { subject: Subject; key: string; count: number; amount: bigint }

/** Counted from the rows themselves. */
export async function recount(tx: Tx, scope: Scope): Promise<Figure[]> {
  const parts = Object.entries(COUNTED).map(
    ([subject, table]) => sql`select ${sql.lit(subject)} as subject, state as key, count(*)::int as count
      from ${sql.table(table)} where ${inScope(scope, 'tenant_id')} group by state`,
  )
  const { rows } = await sql<Omit<Figure, 'amount'>>`${sql.join(parts, sql` union all `)}`.execute(tx)
  return [
    ...rows.map((row) => ({ ...row, amount: 0n })),
    ...(await recurring(tx, scope)).map(({ currency, subscriptions, monthly }) => ({
      subject: 'recurring' as const,
      key: currency,
      count: subscriptions,
      amount: monthly,
    })),
  ]
}

/**
 * The same, from what was counted before. Which tenants have changed since, and what the others have, is read in one
 * statement; a tenant that is counted or changed just now is either in the one or in the other.
 */
export async function read(tx: Tx, scope: Scope): Promise<Figure[]> {
  const kept =
    scope === 'platform'
      ? sql`select subject, key, count, amount from figure_totals union all
          select subject, key, -count, -amount from tenant_figures where tenant_id in (select marked from changed)`
      : sql`select subject, key, count, amount from tenant_figures
          where ${inScope(scope, 'tenant_id')} and tenant_id not in (select marked from changed)`
  const { rows } = await sql<Omit<Figure, 'subject'> & { subject: Subject | null }>`
    with changed as materialized (select distinct marked from figure_marks where ${inScope(scope, 'marked')})
    select subject, key, sum(count)::int as count, sum(amount)::bigint as amount from (${kept}) k group by 1, 2
    union all select null, marked::text, 0, 0 from changed`.execute(tx)
  const changed = rows.filter(({ subject }) => subject === null).map(({ key }) => key)
  const counted = rows.filter((row): row is Figure => row.subject !== null)
  return summed(changed.length === 0 ? counted : [...counted, ...(await recount(tx, changed))])
}

function summed(figures: readonly Figure[]): Figure[] {
  const sums = new Map<string, Figure>()
  for (const figure of figures) {
    const at = `${figure.subject} ${figure.key}`
    const sum = sums.get(at)
    sums.set(at, {
      ...figure,
      count: figure.count + (sum?.count ?? 0),
      amount: figure.amount + (sum?.amount ?? 0n),
    })
  }
  return [...sums.values()].filter(({ count }) => count !== 0)
}

/**
 * Counts up to `limit` marked tenants anew. A mark that is set while a tenant is counted stays. Only one does this at a
 * time. @returns how many were counted
 */
export async function fold(tx: Tx, limit: number): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtext('figures'))`.execute(tx)
  const { rows } = await sql<{ marked: string }>`with gone as (delete from figure_marks where marked in (
      select distinct marked from figure_marks limit ${limit}) returning marked)
    select distinct marked from gone`.execute(tx)
  for (const { marked } of rows) {
    const figures = await recount(tx, [marked])
    await tx.deleteFrom('tenant_figures').where('tenant_id', '=', marked).execute()
    if (figures.length > 0)
      await tx
        .insertInto('tenant_figures')
        .values(figures.map((figure) => ({ ...figure, count: BigInt(figure.count), tenant_id: marked })))
        .execute()
  }
  return rows.length
}

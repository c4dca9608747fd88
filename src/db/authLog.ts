import { sql, type Insertable } from 'kysely'
import type { Tx } from './index.ts'
import { keysetPage, type ListOptions } from './list.ts'
import type { LoginHistoryTable } from './types.ts'

/** The network a caller can easily change his address in: itself for IPv4, /64 for IPv6. */
export async function networkOf(tx: Tx, ip: string): Promise<string> {
  const { rows } = await sql<{ network: string }>`select network(set_masklen(${ip}::inet,
    case family(${ip}::inet) when 4 then 32 else 64 end))::text as network`.execute(tx)
  return rows[0]?.network ?? ip
}

/**
 * Counts one more try, anew when the last is older than `since`.
 * @returns how many there were with this one; undefined while tries are blocked, which are not counted
 */
export async function countTry(
  tx: Tx,
  account: Buffer,
  network: string,
  at: Date,
  since: Date,
): Promise<number | undefined> {
  const { rows } = await sql<{ failures: number }>`
    insert into login_failures as f (account, network, failures, last_at) values (${account}, ${network}, 1, ${at})
    on conflict (account, network) do update set last_at = ${at},
      failures = case when f.last_at < ${since} then 1 else f.failures + 1 end
    where f.blocked_until is null or f.blocked_until <= ${at}
    returning f.failures`.execute(tx)
  return rows[0]?.failures
}

export async function areTriesBlocked(tx: Tx, account: Buffer, network: string, at: Date): Promise<boolean> {
  const row = await tx
    .selectFrom('login_failures')
    .select('network')
    .where('account', '=', account)
    .where('network', '=', network)
    .where('blocked_until', '>', at)
    .executeTakeFirst()
  return row !== undefined
}

export async function blockTries(tx: Tx, account: Buffer, network: string, until: Date): Promise<void> {
  await tx
    .updateTable('login_failures')
    .set({ blocked_until: until })
    .where('account', '=', account)
    .where('network', '=', network)
    .execute()
}

/** Takes back tries that turned out to be right. `tries` undefined: all of them. */
export async function forgiveTries(tx: Tx, account: Buffer, network: string, tries?: number): Promise<void> {
  await tx
    .updateTable('login_failures')
    .set({
      blocked_until: null,
      failures: tries === undefined ? 0 : sql`greatest(failures - ${tries}, 0)`,
    })
    .where('account', '=', account)
    .where('network', '=', network)
    .execute()
}

export async function insertEntry(tx: Tx, entry: Insertable<LoginHistoryTable>): Promise<void> {
  await tx.insertInto('login_history').values(entry).execute()
}

export async function hasLoggedIn(tx: Tx, userId: string): Promise<boolean> {
  const row = await tx
    .selectFrom('login_history')
    .select('id')
    .where('user_id', '=', userId)
    .where('outcome', '=', 'success')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export const listHistory = (tx: Tx, userId: string, options: ListOptions) =>
  keysetPage(
    tx.selectFrom('login_history').selectAll().where('user_id', '=', userId),
    'login_history.id',
    options,
  )

/** Forgets what is older than it is useful for. */
export async function forgetBefore(tx: Tx, ages: { tries: Date; history: Date }): Promise<void> {
  await tx.deleteFrom('login_failures').where('last_at', '<', ages.tries).execute()
  await tx.deleteFrom('login_history').where('at', '<', ages.history).execute()
}

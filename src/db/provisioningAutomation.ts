import { sql } from 'kysely'
import type { Tx } from './index.ts'

export type Brake = {
  id: string
  action: string
  wanted: number
  allowed: number
  opened_at: Date
  state: 'waiting' | 'confirmed' | 'dismissed'
  decided_at: Date | null
  decided_by: { label: string } | null
  reason: string | null
}

/** One at a time decides about an action, until its transaction ends. */
export async function lockAction(tx: Tx, action: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`automation ${action}`}, 0))`.execute(tx)
}

export async function doneSince(tx: Tx, action: string, since: Date): Promise<number> {
  const { rows } = await sql<{ n: number }>`select coalesce(sum(things), 0)::int as n from automation_deeds
    where action = ${action} and at > ${since}`.execute(tx)
  return rows[0]?.n ?? 0
}

export async function noteDeed(tx: Tx, action: string, things: number, at: Date): Promise<void> {
  await sql`insert into automation_deeds (action, things, at) values (${action}, ${things}, ${at})`.execute(
    tx,
  )
}

/** The latest brake of an action, if it was pulled since `since`. */
export async function latestBrake(tx: Tx, action: string, since: Date): Promise<Brake | undefined> {
  const { rows } = await sql<Brake>`select * from automation_brakes
    where action = ${action} and (state = 'waiting' or decided_at > ${since}) order by opened_at desc limit 1`.execute(
    tx,
  )
  return rows[0]
}

export async function openBrake(
  tx: Tx,
  brake: Pick<Brake, 'id' | 'action' | 'wanted' | 'allowed' | 'opened_at'>,
): Promise<void> {
  await sql`insert into automation_brakes (id, action, wanted, allowed, opened_at)
    values (${brake.id}, ${brake.action}, ${brake.wanted}, ${brake.allowed}, ${brake.opened_at})`.execute(tx)
}

export async function setWanted(tx: Tx, id: string, wanted: number): Promise<void> {
  await sql`update automation_brakes set wanted = ${wanted} where id = ${id} and state = 'waiting'`.execute(
    tx,
  )
}

export async function findBrake(tx: Tx, id: string): Promise<Brake | undefined> {
  const { rows } = await sql<Brake>`select * from automation_brakes where id = ${id} for update`.execute(tx)
  return rows[0]
}

export async function brakes(tx: Tx, limit: number): Promise<Brake[]> {
  const { rows } = await sql<Brake>`select * from automation_brakes
    order by state = 'waiting' desc, opened_at desc limit ${limit}`.execute(tx)
  return rows
}

export async function decideBrake(
  tx: Tx,
  id: string,
  decision: { state: 'confirmed' | 'dismissed'; by: unknown; reason: string; at: Date },
): Promise<void> {
  await sql`update automation_brakes set state = ${decision.state}, decided_at = ${decision.at},
      decided_by = ${JSON.stringify(decision.by)}::jsonb, reason = ${decision.reason}
    where id = ${id} and state = 'waiting'`.execute(tx)
}

export type Alert = { code: string; ref: string; message: string }
export type AlertRow = Alert & { id: string; opened_at: Date; closed_at: Date | null }

/** False: another process is watching just now. */
export async function tryLockWatch(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{
    got: boolean
  }>`select pg_try_advisory_xact_lock(hashtextextended('mpanel watch', 0)) as got`.execute(tx)
  return rows[0]?.got === true
}

export async function openAlerts(tx: Tx): Promise<AlertRow[]> {
  const { rows } =
    await sql<AlertRow>`select * from alerts where closed_at is null order by opened_at, id`.execute(tx)
  return rows
}

export async function raise(tx: Tx, id: string, alert: Alert, at: Date): Promise<void> {
  await sql`insert into alerts (id, code, ref, message, opened_at)
    values (${id}, ${alert.code}, ${alert.ref}, ${alert.message}, ${at})`.execute(tx)
}

export async function reword(tx: Tx, id: string, message: string): Promise<void> {
  await sql`update alerts set message = ${message} where id = ${id}`.execute(tx)
}

export async function clear(tx: Tx, id: string, at: Date): Promise<void> {
  await sql`update alerts set closed_at = ${at} where id = ${id}`.execute(tx)
}

export async function forgetDeeds(tx: Tx, before: Date): Promise<void> {
  await sql`delete from automation_deeds where at < ${before}`.execute(tx)
}

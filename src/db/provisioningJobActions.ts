import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** What operators do to single jobs. Each answers false when the job was no longer in a state for it. */

/** Lets a job that is stuck or waits go on now, with its attempts anew and no deadline. */
export async function goOn(tx: Tx, id: string, actor: unknown): Promise<boolean> {
  const { rows } = await sql`update provisioning_jobs_live set
      state = case when state = 'stuck' then 'ready' else state end,
      run_at = case when state = 'scheduled' then clock_timestamp() else run_at end,
      attempts = 0, lost_leases = 0, deadline_at = null,
      actor = case when state = 'stuck' then ${JSON.stringify(actor)}::jsonb else actor end,
      changed = pg_current_xact_id()
    where id = ${id} and state in ('stuck', 'scheduled') returning id`.execute(tx)
  return rows.length === 1
}

/**
 * Asks for a job's cancellation. A running one is told by its worker's heart-beat, a stuck one begins to undo, and one
 * that waits for its resource is cancelled when its turn comes: what it would have to put right belongs to that order.
 */
export async function requestCancel(tx: Tx, id: string, reason: string, at: Date): Promise<boolean> {
  const { rows } = await sql`update provisioning_jobs_live set
      cancel_requested_at = ${at}, cancel_reason = ${reason},
      state = case when state = 'stuck' then 'ready' else state end,
      run_at = case when state = 'scheduled' then clock_timestamp() else run_at end,
      attempts = 0, lost_leases = 0, deadline_at = null, changed = pg_current_xact_id()
    where id = ${id} and phase = 'forward' and cancel_requested_at is null
      and state in ('scheduled', 'blocked', 'ready', 'running', 'stuck') returning id`.execute(tx)
  return rows.length === 1
}

/** The step at which a stuck job stopped, if one has: forward, or while undoing. */
export async function stoppedStep(tx: Tx, id: string): Promise<{ name: string; title: string } | undefined> {
  const { rows } = await sql<{ name: string; title: string }>`select s.name, s.title
    from provisioning_jobs_live j join provisioning_job_steps s on s.queue = j.queue and s.job_id = j.id
    where j.id = ${id} and j.state = 'stuck'
      and s.state = any (case j.phase when 'undo' then array['undo_failed', 'undoing'] else array['failed', 'running'] end)
    order by s.position desc limit 1`.execute(tx)
  return rows[0]
}

/** Settles that step by a person's word: `done` and `skipped` forward; undoing, either means undone. */
export async function settleStep(
  tx: Tx,
  id: string,
  name: string,
  how: 'done' | 'skipped',
  said: string,
  at: Date,
): Promise<void> {
  await sql`update provisioning_job_steps s set
      state = case j.phase when 'undo' then 'undone' else ${how} end, error = ${said}, finished_at = ${at}
    from provisioning_jobs_live j where j.id = ${id} and s.queue = j.queue and s.job_id = j.id and s.name = ${name}`.execute(
    tx,
  )
}

export async function setPriority(tx: Tx, id: string, priority: number): Promise<boolean> {
  const { rows } =
    await sql`update provisioning_jobs_live set priority = ${priority}, changed = pg_current_xact_id()
    where id = ${id} and state in ('scheduled', 'blocked', 'ready') returning id`.execute(tx)
  return rows.length === 1
}

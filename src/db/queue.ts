import { sql, type Selectable } from 'kysely'
import type { JobState, QueueName } from '../../shared/states/provisioningJob.ts'
import type { Tx } from './index.ts'
import type { ProvisioningJobsTable, ProvisioningJobStepsTable } from './types.ts'

/** The engine's statements. The rules behind them are in migrations/0003 and docs/ARCHITECTURE.md. */
export type JobRow = Selectable<ProvisioningJobsTable>
export type StepRow = Selectable<ProvisioningJobStepsTable>

export type NewJob = {
  id: string
  queue: QueueName
  kind: string
  tenantId: string | null
  subject: { type: string; id: string | null; label: string }
  serialKey: string | null
  nodeId: string | null
  /** The names of the limits it takes part in (`job_limits`), in order and with a space between. */
  lane: string
  priority: number
  payload: unknown
  idempotencyKey: string
  correlationId: string
  actor: unknown
  maxAttempts: number
  runAt: Date | null
  deadlineAt: Date | null
}

/** Adds a job, or finds the one that has the same idempotency key. One with a key of its own is not looked for in the history. */
export async function enqueue(tx: Tx, job: NewJob): Promise<{ id: string; state: JobState }> {
  const name = sql.ref(job.idempotencyKey === job.id ? 'job_enqueue_live' : 'job_enqueue')
  const { rows } = await sql<{ job_id: string; job_state: JobState }>`select * from ${name}(
    ${job.id}, ${job.queue}, ${job.kind}, ${job.tenantId}, ${job.subject.type}, ${job.subject.id}, ${job.subject.label},
    ${job.serialKey}, ${job.nodeId}, ${job.lane}, ${job.priority}, ${JSON.stringify(job.payload)}::jsonb, ${job.idempotencyKey},
    ${job.correlationId}, ${JSON.stringify(job.actor)}::jsonb, ${job.maxAttempts}, ${job.runAt}, ${job.deadlineAt})`.execute(
    tx,
  )
  const row = rows[0]
  if (!row) throw new Error(`job ${job.idempotencyKey} was neither added nor found`)
  return { id: row.job_id, state: row.job_state }
}

/** By kind: the first step, where its beginning may be written with the claim. */
export type FirstSteps = Record<string, { name: string; title: string }>

/** Whether it was, of a job that has just been claimed. */
export const hasBegun = (job: JobRow): boolean => job.fence === 1n && job.doing !== null

export async function claim(
  tx: Tx,
  worker: string,
  queues: readonly string[],
  limit: number,
  leaseMs: number,
  first: FirstSteps = {},
) {
  const { rows } = await sql<JobRow>`select * from job_claim(${worker}, ${[...queues]}, ${limit},
    make_interval(secs => ${leaseMs / 1000}), ${JSON.stringify(first)}::jsonb)`.execute(tx)
  return rows
}

/** The lease a running job's writes are bound to. */
export type Lease = { queue: string; id: string; fence: bigint }

/**
 * Locks the job's row against the reaper until the end of the transaction.
 * @returns false when the lease was lost: nothing may be written then.
 */
export async function holdLease(tx: Tx, lease: Lease): Promise<boolean> {
  const { rows } = await sql<{
    held: boolean
  }>`select job_hold(${lease.queue}, ${lease.id}, ${lease.fence}) as held`.execute(tx)
  return rows[0]?.held === true
}

/**
 * Extends the leases of the jobs that a worker is running. A job it has claimed without knowing (the answer was lost)
 * is not among them, so its lease runs out. Returns which are still its own, and whether an operator asked to cancel.
 */
export async function heartbeat(tx: Tx, worker: string, ids: readonly string[], leaseMs: number) {
  // Locked in the order of their ids, as `advance` does: otherwise the two could wait for each other.
  const { rows } = await sql<{ id: string; fence: bigint; cancel: boolean }>`
    with mine as (select queue, id from provisioning_jobs_live
      where state = 'running' and lease_owner = ${worker} and id = any(${[...ids]}::uuid[]) order by id for no key update)
    update provisioning_jobs_live j set lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
    from mine where j.queue = mine.queue and j.id = mine.id
    returning j.id, j.fence, j.cancel_requested_at is not null as cancel`.execute(tx)
  return rows
}

/** What a job's run has reached: a step, and with it the job's success when `ends`. */
export type Advance = {
  lease: Lease
  tenantId: string | null
  step: {
    name: string
    position: number
    title: string
    state: 'running' | 'done'
    output?: unknown
    at: Date
  }
  ends: boolean
}

/** A lease as `advance` answers with it. */
export const leaseKey = ({ id, fence }: Pick<Lease, 'id' | 'fence'>): string => `${id}:${fence}`

/** Writes what several runs have reached. Returns the keys of the leases that held; of others nothing was written. */
export async function advance(tx: Tx, entries: readonly Advance[]): Promise<Set<string>> {
  const list = entries.map(({ lease, tenantId, step, ends }) => ({
    ...lease,
    fence: lease.fence.toString(),
    tenant: tenantId,
    ...step,
    ends,
  }))
  const { rows } = await sql<{
    key: string
  }>`select job_advance(${JSON.stringify(list)}::jsonb) as key`.execute(tx)
  return new Set(rows.map((row) => row.key))
}

export async function finish(
  tx: Tx,
  lease: Lease,
  state: 'succeeded' | 'failed' | 'cancelled' | 'stuck',
  error: unknown,
) {
  const { rows } = await sql<{
    done: boolean
  }>`select job_finish(${lease.queue}, ${lease.id}, ${lease.fence}, ${state},
    ${error === null ? null : JSON.stringify(error)}::jsonb) as done`.execute(tx)
  return rows[0]?.done === true
}

/** Gives a running job back to wait for `delayMs`; it keeps its place in its resource's order. */
export async function putBack(
  tx: Tx,
  lease: Lease,
  more: { delayMs: number; waitingFor: string | null; countAttempt: boolean; error?: unknown },
): Promise<boolean> {
  const { rows } = await sql`update provisioning_jobs_live set
      state = 'scheduled', run_at = clock_timestamp() + make_interval(secs => ${more.delayMs / 1000}),
      lease_owner = null, lease_until = null, waiting_for = ${more.waitingFor}, doing = null,
      attempts = attempts + ${more.countAttempt ? 1 : 0},
      error = coalesce(${more.error === undefined ? null : JSON.stringify(more.error)}::jsonb, error),
      changed = pg_current_xact_id()
    where queue = ${lease.queue} and id = ${lease.id} and fence = ${lease.fence} and state = 'running' returning id`.execute(
    tx,
  )
  return rows.length === 1
}

/** Hands every job of a stopping worker back at once, so that another goes on without waiting for the lease. */
export async function handBack(tx: Tx, worker: string): Promise<number> {
  const { rows } =
    await sql`update provisioning_jobs_live set state = 'ready', lease_owner = null, lease_until = null,
      doing = null, changed = pg_current_xact_id()
    where state = 'running' and lease_owner = ${worker} returning id`.execute(tx)
  return rows.length
}

export async function promoteDue(tx: Tx, limit: number): Promise<number> {
  const { rows } = await sql<{ moved: number }>`select job_promote_due(${limit}) as moved`.execute(tx)
  return rows[0]?.moved ?? 0
}

export async function reap(tx: Tx, maxLost: number) {
  // Looked for first: the function is planned anew each time, and nearly always there is nothing.
  const { rows } = await sql<JobRow>`select lost.* from (select where exists (
      select from provisioning_jobs_live where state = 'running' and lease_until < clock_timestamp())) any_lost,
    lateral job_reap(${maxLost}) lost`.execute(tx)
  return rows
}

export async function setPhase(
  tx: Tx,
  lease: Lease,
  phase: 'forward' | 'undo',
  error: unknown,
): Promise<void> {
  await sql`update provisioning_jobs_live set phase = ${phase}, error = ${JSON.stringify(error)}::jsonb, attempts = 0,
    changed = pg_current_xact_id() where queue = ${lease.queue} and id = ${lease.id}`.execute(tx)
}

export async function setProgress(
  tx: Tx,
  lease: Lease,
  progress: number | null,
  doing: string | null,
): Promise<void> {
  await sql`update provisioning_jobs_live set progress = ${progress}, doing = ${doing}, changed = pg_current_xact_id()
    where queue = ${lease.queue} and id = ${lease.id} and fence = ${lease.fence} and state = 'running'`.execute(
    tx,
  )
}

export async function addLog(
  tx: Tx,
  job: { queue: string; id: string; tenantId: string | null },
  entry: { at: Date; step: string | null; level: 'info' | 'warning' | 'error'; line: string },
): Promise<void> {
  await tx
    .insertInto('provisioning_job_logs')
    .values({ queue: job.queue, job_id: job.id, tenant_id: job.tenantId, ...entry })
    .execute()
}

export function steps(tx: Tx, queue: string, jobId: string): Promise<StepRow[]> {
  return tx
    .selectFrom('provisioning_job_steps')
    .selectAll()
    .where('queue', '=', queue)
    .where('job_id', '=', jobId)
    .orderBy('position')
    .execute()
}

export type StepWrite = {
  name: string
  position: number
  title: string
  state: StepRow['state']
  saved?: unknown
  output?: unknown
  error?: string | null
  at: Date
}

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value))

/** Writes a step's state; `saved` and `output` stay as they are when not given. */
export async function writeStep(
  tx: Tx,
  job: { queue: string; id: string; tenantId: string | null },
  step: StepWrite,
): Promise<void> {
  const finished = step.state === 'done' || step.state === 'undone' ? step.at : null
  await sql`insert into provisioning_job_steps
      (queue, job_id, name, position, title, tenant_id, state, saved, output, attempts, error, started_at, finished_at)
    values (${job.queue}, ${job.id}, ${step.name}, ${step.position}, ${step.title}, ${job.tenantId}, ${step.state},
      ${json(step.saved)}::jsonb, ${json(step.output)}::jsonb, ${step.state === 'running' ? 1 : 0}, ${step.error ?? null},
      ${step.at}, ${finished})
    on conflict (queue, job_id, name) do update set
      state = excluded.state, error = excluded.error, finished_at = excluded.finished_at, title = excluded.title,
      saved = coalesce(excluded.saved, provisioning_job_steps.saved),
      output = coalesce(excluded.output, provisioning_job_steps.output),
      attempts = provisioning_job_steps.attempts + excluded.attempts`.execute(tx)
}

/** One coalesced signal to all workers and live views; never inside the enqueueing transaction. */
export const NOTIFY_CHANNEL = 'mpanel_jobs'

import type { Timer, Worker } from '../../../shared/api/provisioningControls.ts'
import type { Ctx } from '../../context.ts'
import * as controls from '../../db/provisioningControls.ts'
import * as workers from '../../db/provisioningWorkers.ts'
import * as timers from '../../db/timers.ts'

/** A worker beats every five seconds, and its jobs are given to others after fifteen. */
const SILENT_MS = 15_000

/** The fleet, with what each worker is running. */
export async function listWorkers(ctx: Ctx): Promise<Worker[]> {
  return (await workers.list(ctx.tx)).map((row) => ({
    name: row.name,
    host: row.host,
    pid: row.pid,
    version: row.version,
    state: row.silent_ms > SILENT_MS ? 'silent' : row.draining ? 'draining' : 'running',
    concurrency: row.concurrency,
    startedAt: row.started_at.toISOString(),
    seenAt: row.seen_at.toISOString(),
    jobs: row.jobs.map((job) => ({
      ...job,
      since: job.since === null ? null : new Date(job.since).toISOString(),
    })),
  }))
}

const iso = (date: Date | null): string | null => date?.toISOString() ?? null

/** A timer is late only when nobody ran it for longer than the fleet needs to notice that it is due. */
const LATE_S = 30

export async function listTimers(ctx: Ctx): Promise<Timer[]> {
  const stopped = await controls.isStopped(ctx.tx)
  return (await timers.list(ctx.tx)).map((row) => ({
    name: row.name,
    everySeconds: row.every_s,
    nextRunAt: row.next_run_at.toISOString(),
    lastStartedAt: iso(row.last_started_at),
    lastFinishedAt: iso(row.last_finished_at),
    lastSuccessAt: iso(row.last_success_at),
    lastError: row.last_error,
    state: stateOf(row, stopped),
  }))
}

function stateOf(row: Awaited<ReturnType<typeof timers.list>>[number], stopped: boolean): Timer['state'] {
  const started = row.last_started_at?.getTime() ?? 0
  if (row.late_s > LATE_S) return stopped ? 'stopped' : 'overdue'
  if (started > (row.last_finished_at?.getTime() ?? 0)) return 'running'
  return row.last_error === null ? 'ok' : 'failing'
}

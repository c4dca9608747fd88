import type { Job } from '../../../shared/api/provisioning.ts'
import { stampedNow, told, type Ctx } from '../../context.ts'
import * as jobs from '../../db/provisioningJobs.ts'
import type { JobRow } from '../../db/queue.ts'

const iso = (date: Date | null): string | null => date?.toISOString() ?? null
type StoredError = { code: string; message: string } | null

const WAITING = 'The infrastructure is not ready for this yet; it goes on by itself.'
export const FAILED = 'It could not be done. Your provider sees the details.'

/** A lease runs out fifteen seconds after its worker's last word. Clocks differ: only one that is over for as long again counts. */
const SILENT_MS = 15_000
const ABANDONED = 'Its worker has fallen silent: the next worker goes on at this step.'

const waitingFor = (ctx: Ctx, row: JobRow): string | null => {
  const silent = row.lease_until !== null && row.lease_until.getTime() + SILENT_MS < stampedNow(ctx)
  return row.state === 'running' && silent ? ABANDONED : told(ctx, row.waiting_for, WAITING)
}

/** What a job about this waits for, in words for the caller; null when none waits. */
export const waitsFor = async (ctx: Ctx, type: string, id: string): Promise<string | null> =>
  told(ctx, await jobs.waitsFor(ctx.tx, type, id), WAITING)

export function presentJob(ctx: Ctx, row: JobRow): Job {
  const error = row.error as StoredError
  return {
    id: row.id,
    queue: row.queue as Job['queue'],
    kind: row.kind,
    tenantId: row.tenant_id,
    subject: { type: row.subject_type, id: row.subject_id, label: row.subject_label },
    state: row.state,
    phase: row.phase,
    progress: row.progress,
    doing: row.doing,
    waitingFor: waitingFor(ctx, row),
    attempts: row.attempts,
    priority: row.priority,
    cancelRequestedAt: iso(row.cancel_requested_at),
    cancelReason: row.cancel_reason,
    error: error === null ? null : { code: error.code, message: told(ctx, error.message, FAILED) ?? FAILED },
    correlationId: row.correlation_id,
    runAt: iso(row.run_at),
    createdAt: row.created_at.toISOString(),
    startedAt: iso(row.started_at),
    finishedAt: iso(row.finished_at),
  }
}

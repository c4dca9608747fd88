import type { Job } from '../../../shared/api/provisioning.ts'
import { told, type Ctx } from '../../context.ts'
import type { JobRow } from '../../db/queue.ts'

const iso = (date: Date | null): string | null => date?.toISOString() ?? null
type StoredError = { code: string; message: string } | null

const WAITING = 'The infrastructure is not ready for this yet; it goes on by itself.'
export const FAILED = 'It could not be done. Your provider sees the details.'

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
    waitingFor: told(ctx, row.waiting_for, WAITING),
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

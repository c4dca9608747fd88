import { sql } from 'kysely'
import type { StepRow } from './queue.ts'
import type { Tx } from './index.ts'
import { monthsIn } from './provisioningClock.ts'

/** Makes the history's partitions of the coming months. @param aheadMs how far `now` is ahead of the machine */
export async function ensureMonths(tx: Tx, aheadMs: number): Promise<void> {
  await sql`select ensure_job_months(2 + ${monthsIn(aheadMs)}::int)`.execute(tx)
}

/** Moves up to `limit` jobs that ended before `before` into the history. @returns how many */
export async function archive(tx: Tx, before: Date, limit: number): Promise<number> {
  const { rows } = await sql<{ moved: number }>`select job_archive(${before}, ${limit}) as moved`.execute(tx)
  return rows[0]?.moved ?? 0
}

type Line = { id: number; at: Date; step: string | null; level: 'info' | 'warning' | 'error'; line: string }
export type Archive = { steps: Omit<StepRow, 'queue' | 'job_id' | 'tenant_id'>[]; log: Line[] }

const date = (text: string | null): Date | null => (text === null ? null : new Date(text))

type Written<T> = { [K in keyof T]: T[K] extends Date | null ? string | null : T[K] }

/** The steps and the log of a job in the history, as they were while it was live. */
export function readArchive(stored: unknown): Archive {
  const { steps, log } = stored as { steps: Written<Archive['steps'][number]>[]; log: Written<Line>[] }
  return {
    steps: steps.map((step) => ({
      ...step,
      started_at: date(step.started_at) ?? new Date(0),
      finished_at: date(step.finished_at),
    })),
    log: log.map((line) => ({ ...line, at: date(line.at) ?? new Date(0) })),
  }
}

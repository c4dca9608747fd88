import type { Tx } from './index.ts'

/** The comparisons that run at most once at a time for what they are about, and say at their end what came of them. */
type RunsTable = 'billing_record_runs' | 'billing_reconciliations'

/** Ends a run, unless it has ended. */
export async function endRun(
  tx: Tx,
  table: RunsTable,
  id: string,
  end: { state: 'done' | 'failed'; report: string | null; problem: string | null; at: Date },
): Promise<void> {
  await tx
    .updateTable(table)
    .set({ state: end.state, report: end.report, problem: end.problem, ended_at: end.at })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .execute()
}

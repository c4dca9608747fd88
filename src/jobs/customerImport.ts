import * as customerService from '../services/customerService.ts'
import { customerImport as declared, type ImportPayload } from '../services/customerQueues.ts'
import type { JobHandler, Run } from './steps.ts'

/**
 * Imports batch after batch. A row is marked in the transaction that makes or changes its customer, so whoever goes on
 * after a worker that died finds exactly the rows that are left.
 */
async function importRows(run: Run<ImportPayload>): Promise<void> {
  const { payload } = run
  const so = await run.read((ctx) => customerService.importing.progressOf(ctx, payload, 'import'))
  let over = so.over
  for (let line = 0; ;) {
    run.signal.throwIfAborted()
    const after = line
    try {
      const batch = await run.tx((ctx) => customerService.importing.importSome(ctx, payload, after))
      if (!batch) return
      line = batch.line
      over += batch.rows
    } catch (error) {
      if (!(error instanceof customerService.importing.RowRefused)) throw error
      await run.tx((ctx) => customerService.importing.leaveOut(ctx, payload, error))
      over += 1
    }
    const doing = `${over.toLocaleString('en')} of ${so.of.toLocaleString('en')} rows imported`
    await run.progress(Math.floor((100 * over) / so.of), doing)
  }
}

export const customerImport: JobHandler<ImportPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  // What was imported is not taken back when a later row fails for good: somebody may work with it already.
  steps: [
    { name: 'import', title: 'Making and changing customers', run: importRows, idempotent: true },
    {
      name: 'report',
      title: 'Writing the report',
      commit: (ctx, { payload }) => customerService.importing.imported(ctx, payload),
    },
  ],
  failed: (ctx, payload, error) => customerService.importing.failed(ctx, payload, error.message),
}

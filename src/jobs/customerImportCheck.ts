import * as customerService from '../services/customerService.ts'
import { customerImportCheck as declared, type ImportPayload } from '../services/customerQueues.ts'
import type { JobHandler, Run } from './steps.ts'

/** What is stored in one transaction: so many rows, or so many characters. */
const ROWS_AT_ONCE = 1_000
const CHARACTERS_AT_ONCE = 500_000
/** Reading takes about so much of the time; the rest is looking at the rows. */
const READING_PERCENT = 10

/** Reads the pieces of the file into rows; a piece and some rows is all that is held. */
async function read(run: Run<ImportPayload>): Promise<{ rows: number }> {
  const { payload } = run
  async function* file(): AsyncGenerator<Buffer> {
    for (let number = 0; ; number += 1) {
      const at = number
      run.signal.throwIfAborted()
      const data = await run.read((ctx) => customerService.importing.piece(ctx, payload, at))
      if (!data) return
      yield data
    }
  }
  const records = customerService.readCsv(file())
  const head = await records.next()
  const columns = (head.done ? [] : head.value.cells).map((name) => name.trim())
  await run.tx((ctx) => customerService.importing.beginReading(ctx, payload, columns))
  let rows = 0
  let batch: customerService.FileRecord[] = []
  const store = async (): Promise<void> => {
    rows += batch.length
    const full = batch
    batch = []
    await run.tx((ctx) => customerService.importing.addRows(ctx, payload, full, rows))
    await run.progress(0, `${rows.toLocaleString('en')} rows read`)
  }
  let characters = 0
  for await (const record of records) {
    batch.push(record)
    for (const cell of record.cells) characters += cell.length
    if (batch.length < ROWS_AT_ONCE && characters < CHARACTERS_AT_ONCE) continue
    await store()
    characters = 0
  }
  await store()
  return { rows }
}

/** Looks at the rows; those at which an earlier attempt has looked are not looked at again. */
async function check(run: Run<ImportPayload>): Promise<void> {
  const { payload } = run
  const so = await run.read((ctx) => customerService.importing.progressOf(ctx, payload, 'check'))
  let over = so.over
  for (let line = 0; ;) {
    run.signal.throwIfAborted()
    const after = line
    const batch = await run.tx((ctx) => customerService.importing.checkSome(ctx, payload, after))
    if (!batch) return
    line = batch.line
    over += batch.rows
    const percent = READING_PERCENT + Math.floor(((100 - READING_PERCENT) * over) / so.of)
    await run.progress(percent, `${over.toLocaleString('en')} of ${so.of.toLocaleString('en')} rows checked`)
  }
}

export const customerImportCheck: JobHandler<ImportPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    { name: 'read', title: 'Reading the file', run: read, idempotent: true },
    { name: 'check', title: 'Looking at every row', run: check, idempotent: true },
    {
      name: 'report',
      title: 'Writing the report',
      commit: (ctx, { payload }) => customerService.importing.checked(ctx, payload),
    },
  ],
  failed: (ctx, payload, error) => customerService.importing.failed(ctx, payload, error.message),
}

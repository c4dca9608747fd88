import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pieces } from '../lib/pieces.ts'
import * as tenantExportService from '../services/tenantExportService.ts'
import { tenantExport as declared, type ExportPayload } from '../services/tenantQueues.ts'
import type { JobHandler, Run } from './steps.ts'

const CHUNK_BYTES = 512 * 1024

/** Reads one moment of the database and stores the file in pieces; a piece and a batch of rows is all that is held. */
async function write(run: Run<ExportPayload>): Promise<tenantExportService.Written> {
  const { payload, root } = run
  const hash = createHash('sha256')
  let bytes = 0
  let number = 0
  await run.tx((ctx) => tenantExportService.clear(ctx, payload))
  return root.db.snapshot([payload.tenantId], async (snapshot) => {
    const lines = tenantExportService.linesOf(snapshot, payload, root.now())
    const store = async (data: Buffer): Promise<void> => {
      hash.update(data)
      bytes += data.length
      const so = { bytes, rows: lines.rows() }
      await run.tx((ctx) => tenantExportService.add(ctx, payload, number, data, so))
      number += 1
      await run.progress(null, `${so.rows} rows written`)
    }
    await pipeline(
      Readable.from(lines.read()),
      createGzip(),
      async (parts: AsyncIterable<Buffer>) => {
        for await (const piece of pieces(parts, CHUNK_BYTES)) await store(piece)
      },
      { signal: run.signal },
    )
    return { bytes, rows: lines.rows(), sha256: hash.digest('hex') }
  })
}

export const tenantExport: JobHandler<ExportPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    {
      name: 'write',
      title: 'Writing all rows',
      run: write,
      idempotent: true,
      undo: (run) => run.tx((ctx) => tenantExportService.clear(ctx, run.payload)),
    },
    {
      name: 'ready',
      title: 'Making it ready for download',
      commit: (ctx, run) =>
        tenantExportService.finish(ctx, run.payload, run.output('write') as tenantExportService.Written),
    },
  ],
  failed: (ctx, payload, error) => tenantExportService.fail(ctx, payload, error.message),
}

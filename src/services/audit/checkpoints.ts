import { createReadStream } from 'node:fs'
import { appendFile, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { Ctx } from '../../context.ts'
import * as seals from '../../db/auditSeals.ts'
import { publicKey } from './key.ts'

const hex = z.string().regex(/^[0-9a-f]+$/)

/** One line of the file: what a batch was when it was sealed. `publicKey`: SPKI in base64. */
const checkpoint = z.object({
  batch: z.string().regex(/^\d{1,19}$/),
  sealedAt: z.string(),
  events: z.number().int(),
  hash: hex,
  signature: hex,
  publicKey: z.string(),
})
export type Checkpoint = z.infer<typeof checkpoint>

const PAGE = 500
const TAIL_BYTES = 4_096

/**
 * Adds the batches that the file does not have yet. The file is kept where the database cannot change it; a worker on
 * another machine keeps one of its own.
 */
export async function appendCheckpoints(ctx: Ctx): Promise<void> {
  const path = ctx.settings.auditCheckpoints
  const key = await publicKey(ctx)
  if (key === undefined) return
  await mkdir(dirname(path), { recursive: true })
  for (let last = await lastIn(path); ;) {
    const batches = await seals.headsAfter(ctx.tx, last, PAGE)
    const lines = batches.map((batch) => `${JSON.stringify(lineOf(batch, key))}\n`)
    if (lines.length > 0) await appendFile(path, lines.join(''))
    if (batches.length < PAGE) return
    last = batches.at(-1)?.number ?? last
  }
}

const lineOf = (batch: seals.BatchHead, key: string): Checkpoint => ({
  batch: batch.number.toString(),
  sealedAt: batch.sealed_at.toISOString(),
  events: batch.size,
  hash: batch.hash.toString('hex'),
  signature: batch.signature.toString('hex'),
  publicKey: key,
})

/** The number of the last batch in a file. A line that a crash cut off is ended, and its batch written again. */
async function lastIn(path: string): Promise<bigint> {
  const file = await open(path, 'a+')
  try {
    const { size } = await file.stat()
    const length = Math.min(size, TAIL_BYTES)
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
    const lines = buffer.toString('utf8').split('\n')
    if (lines.at(-1) !== '') await file.appendFile('\n')
    const whole = lines
      .slice(0, -1)
      .map(parse)
      .filter((line) => line !== undefined)
    return BigInt(whole.at(-1)?.batch ?? 0)
  } finally {
    await file.close()
  }
}

function parse(line: string): Checkpoint | undefined {
  try {
    return checkpoint.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}

/** The checkpoints of a file in their order. @throws Error when it cannot be read */
export async function* readCheckpoints(path: string): AsyncGenerator<Checkpoint> {
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const found = parse(line)
    if (found) yield found
  }
}

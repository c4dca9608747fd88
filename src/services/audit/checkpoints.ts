import { createReadStream, existsSync } from 'node:fs'
import { appendFile, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { Ctx } from '../../context.ts'
import * as seals from '../../db/auditSeals.ts'
import { isSignedBy, publicKeyOf } from './batches.ts'
import { publicKeys } from './key.ts'

const hex = z.string().regex(/^[0-9a-f]+$/)

/** One line of the file: what a batch was when it was sealed. `publicKey`: SPKI in base64. */
const checkpointLine = z.object({
  batch: z.string().regex(/^\d{1,19}$/),
  sealedAt: z.string(),
  events: z.number().int(),
  hash: hex,
  signature: hex,
  publicKey: z.string(),
})
export type Checkpoint = z.infer<typeof checkpointLine>

const PAGE = 500
const TAIL_BYTES = 4_096

/**
 * Adds the batches that the file does not have yet. The file is kept where the database cannot change it; a worker on
 * another machine keeps one of its own.
 */
export async function appendCheckpoints(ctx: Ctx): Promise<void> {
  const path = ctx.settings.auditCheckpoints
  const keys = await publicKeys(ctx)
  if (keys.length === 0) return
  await mkdir(dirname(path), { recursive: true })
  const written = await lastWritten(ctx)
  if (written?.isMissing) return
  for (let last = BigInt(written?.checkpoint.batch ?? 0); ;) {
    const batches = await seals.headsAfter(ctx.tx, last, PAGE)
    const lines = batches.map((batch) => `${JSON.stringify(lineOf(batch, keys))}\n`)
    if (lines.length > 0) await appendFile(path, lines.join(''))
    if (batches.length < PAGE) return
    last = batches.at(-1)?.number ?? last
  }
}

/** Which of the installation's keys has signed a batch. */
const signerOf = ({ hash, signature }: seals.BatchHead, keys: readonly string[]): string =>
  keys.find((key) => isSignedBy([publicKeyOf(key)], hash, signature)) ?? keys[0] ?? ''

const lineOf = (batch: seals.BatchHead, keys: readonly string[]): Checkpoint => ({
  batch: batch.number.toString(),
  sealedAt: batch.sealed_at.toISOString(),
  events: batch.size,
  hash: batch.hash.toString('hex'),
  signature: batch.signature.toString('hex'),
  publicKey: signerOf(batch, keys),
})

/**
 * The last checkpoint that this machine has written, if the database does not have its batch: then the database is an
 * older one, brought back from a backup, or another one. Nothing is appended until `beginAnew`.
 */
export async function missingCheckpoint(ctx: Ctx): Promise<Checkpoint | undefined> {
  const written = await lastWritten(ctx)
  return written?.isMissing ? written.checkpoint : undefined
}

/** The last checkpoint of this machine's file, and whether the database lacks its batch. */
async function lastWritten(ctx: Ctx): Promise<{ checkpoint: Checkpoint; isMissing: boolean } | undefined> {
  const path = ctx.settings.auditCheckpoints
  const checkpoint = existsSync(path) ? await lastIn(path) : undefined
  if (!checkpoint) return undefined
  const number = BigInt(checkpoint.batch)
  const [head] = await seals.headsAfter(ctx.tx, number - 1n, 1)
  const isThere = head?.number === number && head.hash.toString('hex') === checkpoint.hash
  return { checkpoint, isMissing: !isThere }
}

/** Puts the file aside, as the proof of what was lost, and begins another one with the database as it is. */
export async function beginAnew(ctx: Ctx): Promise<void> {
  const path = ctx.settings.auditCheckpoints
  await rename(path, `${path}.until-${ctx.now().toISOString().replaceAll(/[:.]/g, '-')}`)
}

/** The last whole line of a file. A line that a crash cut off is ended, and its batch written again. */
async function lastIn(path: string): Promise<Checkpoint | undefined> {
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
    return whole.at(-1)
  } finally {
    await file.close()
  }
}

function parse(line: string): Checkpoint | undefined {
  try {
    return checkpointLine.parse(JSON.parse(line))
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

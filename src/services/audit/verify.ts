import type { KeyObject } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Root, Ctx } from '../../context.ts'
import { asSystem } from '../../context.ts'
import * as archives from '../../db/auditArchives.ts'
import * as seals from '../../db/auditSeals.ts'
import { merkleRoot } from '../../lib/merkle.ts'
import { archiveHash, hasBit } from './archived.ts'
import { GENESIS, hashOf, isSignedBy, leafOf, leavesOf, publicKeyOf, VANISHED } from './batches.ts'
import { readCheckpoints, type Checkpoint } from './checkpoints.ts'
import { publicKeys } from './key.ts'

export type Verdict = {
  batches: number
  events: number
  /** Of these events, how many are in archives: their files are checked by themselves. */
  archived: number
  /** Events that wait to be sealed: nothing can be said of them yet. */
  unsealed: number
  /** What is wrong, in the order of the log; at most a hundred. */
  findings: string[]
}

type Chunk = {
  batches: seals.BatchRow[]
  events: Map<string, seals.SealedEvent>
  parts: Map<bigint, Buffer[]>
}

/** Few, so that what was read is forgotten before it is old enough to be moved about in memory. */
const PAGE = 4
const MAX_FINDINGS = 100

/**
 * Recomputes every batch from the events and compares it with its signature, its predecessor and the checkpoints.
 * While one chunk is hashed, the database reads the next one.
 * @param checkpoints a file written by the sealer, which the database cannot change
 * @throws Error when the file cannot be read
 */
export async function verify(root: Root, checkpoints: string | undefined): Promise<Verdict> {
  const within = <T>(work: (ctx: Ctx) => Promise<T>): Promise<T> =>
    asSystem(root, 'audit.verify', 'platform', work)
  const outside = checkpoints === undefined ? undefined : await byNumber(checkpoints)
  const named = outside && new Set([...outside.values()].map((one) => one.publicKey))
  const keys = [...(named ?? (await within(publicKeys)))].map(publicKeyOf)
  const verdict: Verdict = { batches: 0, events: 0, archived: 0, unsealed: 0, findings: [] }
  verdict.findings.push(...(await within((ctx) => archiveFaults(ctx, keys))))
  let last: seals.BatchRow | undefined
  let next = within((ctx) => chunkAfter(ctx, 0n))
  while (verdict.findings.length < MAX_FINDINGS) {
    const chunk = await next
    const end = chunk.batches.at(-1)
    if (!end) break
    next = within((ctx) => chunkAfter(ctx, end.number))
    // Awaited above or below; a failure meanwhile is no unhandled one.
    next.catch(() => undefined)
    for (const batch of chunk.batches) {
      verdict.findings.push(
        ...chainFaults(batch, last, keys),
        ...eventFaults(batch, chunk, verdict),
        ...checkpointFaults(batch, outside?.get(batch.number.toString())),
      )
      verdict.batches++
      verdict.events += batch.events.length
      last = batch
      // Lets what has arrived of the next chunk be read, for which the database waits.
      await setImmediate()
    }
  }
  await next
  verdict.findings.push(...cutFaults(last, outside), ...(await within(insertedFaults)))
  verdict.unsealed = (await within(({ tx }) => seals.unsealed(tx))).events
  verdict.findings.splice(MAX_FINDINGS)
  return verdict
}

async function chunkAfter({ tx }: Ctx, number: bigint): Promise<Chunk> {
  const batches = await seals.batchesAfter(tx, number, PAGE)
  const parts = new Map<bigint, Buffer[]>()
  if (batches.length === 0) return { batches, events: new Map(), parts }
  for (const part of await archives.partsOf(
    tx,
    batches.map((batch) => batch.number),
  ))
    parts.set(part.batch, [...(parts.get(part.batch) ?? []), part.positions])
  const times = batches.flatMap((batch) => [batch.first_at.getTime(), batch.last_at.getTime()])
  const events = await seals.eventsIn(tx, {
    ids: batches.flatMap((batch) => batch.events),
    from: new Date(Math.min(...times)),
    to: new Date(Math.max(...times)),
  })
  return { batches, events, parts }
}

async function byNumber(path: string): Promise<Map<string, Checkpoint>> {
  const found = new Map<string, Checkpoint>()
  for await (const one of readCheckpoints(path)) found.set(one.batch, one)
  return found
}

/** An archive that no key of ours has signed could hide a removal. */
async function archiveFaults({ tx }: Ctx, keys: readonly KeyObject[]): Promise<string[]> {
  const found: string[] = []
  for (const archive of await archives.all(tx)) {
    const hash = archiveHash(archive, await archives.partsOfMonth(tx, archive.month))
    if (!hash.equals(archive.hash) || !isSignedBy(keys, hash, archive.signature))
      found.push(`forged: the archive of ${archive.month.slice(0, 7)} is not what was signed`)
  }
  return found
}

function* chainFaults(
  batch: seals.BatchRow,
  last: seals.BatchRow | undefined,
  keys: readonly KeyObject[],
): Generator<string> {
  const expected = (last?.number ?? 0n) + 1n
  if (batch.number !== expected) yield `missing: batch ${expected} is gone, ${batch.number} follows`
  else if (!batch.previous.equals(last?.hash ?? GENESIS))
    yield `changed: batch ${batch.number} does not follow from the one before`
  if (!hashOf(batch).equals(batch.hash)) yield `changed: batch ${batch.number} is not what its hash says`
  if (!isSignedBy(keys, batch.hash, batch.signature))
    yield `forged: the signature of batch ${batch.number} is not of this installation’s key`
}

const placeOf = ({ number, events }: seals.BatchRow, index: number): string =>
  `event ${events[index]}, number ${index + 1} of batch ${number}`

function* eventFaults(batch: seals.BatchRow, chunk: Chunk, verdict: Verdict): Generator<string> {
  const leaves = leavesOf(batch.leaves)
  const parts = chunk.parts.get(batch.number) ?? []
  for (const [index, id] of batch.events.entries()) {
    const event = chunk.events.get(id)
    const leaf = leaves[index] ?? VANISHED
    if (!event && parts.some((bits) => hasBit(bits, index))) verdict.archived++
    else if (!event || leaf === VANISHED) yield `missing: ${placeOf(batch, index)}`
    else if (leafOf(event) !== leaf)
      yield `changed: ${placeOf(batch, index)} (${event.action} of ${event.at})`
  }
  if (!merkleRoot(batch.leaves).equals(batch.root))
    yield `changed: the list of events of batch ${batch.number} is not the one that was signed`
}

function* checkpointFaults(batch: seals.BatchRow, outside: Checkpoint | undefined): Generator<string> {
  if (outside && outside.hash !== batch.hash.toString('hex'))
    yield `forged: batch ${batch.number} is another one than its checkpoint says`
}

function* cutFaults(
  last: seals.BatchRow | undefined,
  outside: Map<string, Checkpoint> | undefined,
): Generator<string> {
  for (const number of outside?.keys() ?? [])
    if (BigInt(number) > (last?.number ?? 0n)) yield `cut: batch ${number} has a checkpoint and is gone`
}

async function insertedFaults({ tx }: Ctx): Promise<string[]> {
  if (await seals.isCountRight(tx)) return []
  const unknown = await seals.unknownEvents(tx, MAX_FINDINGS)
  const repeated = await seals.repeatedEvents(tx, MAX_FINDINGS)
  return [
    ...unknown.map((id) => `inserted: event ${id} is in no batch and waits for none`),
    ...repeated.map((id) => `inserted: event ${id} is there twice`),
  ]
}

import type { KeyObject } from 'node:crypto'
import type { Root, Ctx } from '../../context.ts'
import { systemOrigin, transaction } from '../../context.ts'
import * as seals from '../../db/auditSeals.ts'
import { newId } from '../../lib/ids.ts'
import { merkleRoot } from '../../lib/merkle.ts'
import { GENESIS, hashOf, isSignedBy, leafOf, leavesOf, publicKeyOf, VANISHED } from './batches.ts'
import { readCheckpoints, type Checkpoint } from './checkpoints.ts'
import { publicKey } from './key.ts'

export type Verdict = {
  batches: number
  events: number
  /** Events that wait to be sealed: nothing can be said of them yet. */
  unsealed: number
  /** What is wrong, in the order of the log; at most a hundred. */
  findings: string[]
}

const PAGE = 20
const MAX_FINDINGS = 100

/**
 * Recomputes every batch from the events and compares it with its signature, its predecessor and the checkpoints.
 * @param checkpoints a file written by the sealer, which the database cannot change
 * @throws Error when the file cannot be read
 */
export async function verify(root: Root, checkpoints: string | undefined): Promise<Verdict> {
  const within = <T>(work: (ctx: Ctx) => Promise<T>): Promise<T> =>
    transaction(root, systemOrigin('audit.verify', newId()), 'platform', work)
  const outside = checkpoints === undefined ? undefined : await byNumber(checkpoints)
  const anchor = outside?.values().next().value?.publicKey ?? (await within(publicKey))
  const verdict: Verdict = { batches: 0, events: 0, unsealed: 0, findings: [] }
  const key = anchor === undefined ? undefined : publicKeyOf(anchor)
  let last: seals.BatchRow | undefined
  while (verdict.findings.length < MAX_FINDINGS) {
    const batches = await within(({ tx }) => seals.batchesAfter(tx, last?.number ?? 0n, PAGE))
    if (batches.length === 0) break
    for (const batch of batches) {
      const events = await within(({ tx }) =>
        seals.eventsIn(tx, { ids: batch.events, from: batch.first_at, to: batch.last_at }),
      )
      verdict.findings.push(
        ...chainFaults(batch, last, key),
        ...eventFaults(batch, events),
        ...checkpointFaults(batch, outside?.get(batch.number.toString())),
      )
      verdict.batches++
      verdict.events += batch.events.length
      last = batch
    }
  }
  verdict.findings.push(...cutFaults(last, outside))
  const unknown = await within(({ tx }) => seals.unknownEvents(tx, MAX_FINDINGS))
  verdict.findings.push(...unknown.map((id) => `inserted: event ${id} is in no batch and waits for none`))
  verdict.unsealed = (await within(({ tx }) => seals.unsealed(tx))).events
  verdict.findings.splice(MAX_FINDINGS)
  return verdict
}

async function byNumber(path: string): Promise<Map<string, Checkpoint>> {
  const found = new Map<string, Checkpoint>()
  for await (const one of readCheckpoints(path)) found.set(one.batch, one)
  return found
}

function* chainFaults(
  batch: seals.BatchRow,
  last: seals.BatchRow | undefined,
  key: KeyObject | undefined,
): Generator<string> {
  const expected = (last?.number ?? 0n) + 1n
  if (batch.number !== expected) yield `missing: batch ${expected} is gone, ${batch.number} follows`
  else if (!batch.previous.equals(last?.hash ?? GENESIS))
    yield `changed: batch ${batch.number} does not follow from the one before`
  if (!hashOf(batch).equals(batch.hash)) yield `changed: batch ${batch.number} is not what its hash says`
  if (!key || !isSignedBy(key, batch.hash, batch.signature))
    yield `forged: the signature of batch ${batch.number} is not of this installation’s key`
}

function* eventFaults(batch: seals.BatchRow, events: Map<string, seals.SealedEvent>): Generator<string> {
  const leaves = leavesOf(batch.leaves)
  for (const [index, id] of batch.events.entries()) {
    const place = `event ${id}, number ${index + 1} of batch ${batch.number}`
    const event = events.get(id)
    const leaf = leaves[index] ?? VANISHED
    if (!event || leaf.equals(VANISHED)) yield `missing: ${place}`
    else if (!leafOf(event).equals(leaf)) yield `changed: ${place} (${event.action} of ${event.at})`
  }
  if (!merkleRoot(leaves).equals(batch.root))
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

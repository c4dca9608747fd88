import { createHash, type KeyObject } from 'node:crypto'
import type { z } from 'zod'
import { leafHash, merkleRoot, rootOf } from '../../lib/merkle.ts'
import { GENESIS, headHash, isSignedBy, publicKeyOf, VANISHED } from './batches.ts'
import { readCheckpoints } from './checkpoints.ts'
import { fileHash, readEventLine } from './exportFormat.ts'
import { absentLine, batchLine, endLine, eventHead, header, jsonOf, linesOf } from './exportLines.ts'

export type FileVerdict = {
  events: number
  batches: number
  /** Whether a gap would have shown: the file says that it holds every event of its batches. */
  complete: boolean
  /** Events of which a part was withheld: their hash is proven, the rest of them is not. */
  withheld: number
  /** Events that were in no batch yet when the file was written. */
  unsealed: number
  /** Events of the batches that are in an archive instead. */
  archived: number
  /** The key that signed, as SPKI in base64; null in a file without batches. */
  publicKey: string | null
  findings: string[]
}

type Batch = z.infer<typeof batchLine>
type Reading = {
  verdict: FileVerdict
  keys: readonly KeyObject[]
  checkpoints: Map<string, string>
  line: number
  record: number
  batch: Batch | undefined
  /** The leaves of the batch that is being read, in a complete file. */
  leaves: string[]
  ended: boolean
  digest: ReturnType<typeof createHash>
}

const MAX_FINDINGS = 100
const bytes = (text: string): Buffer => Buffer.from(text, 'hex')

/**
 * Checks an exported file by itself, without a database.
 * @param trusted the public keys that must have signed; without any the file's own are believed
 * @throws Error when the file cannot be read or is none of ours
 */
export async function verifyFile(
  path: string,
  {
    checkpoints,
    trusted,
    gzip = path.endsWith('.gz'),
  }: { checkpoints?: string | undefined; trusted?: readonly string[] | undefined; gzip?: boolean } = {},
): Promise<FileVerdict> {
  const lines = linesOf(path, gzip)
  const first = await lines.next()
  const parsed = header.safeParse(first.done ? undefined : jsonOf(first.value.toString('utf8')))
  if (!parsed.success) throw new Error('it does not begin as an export of mPanel’s audit log does')
  const known = new Map<string, string>()
  const anchors = new Set(trusted)
  if (checkpoints !== undefined)
    for await (const one of readCheckpoints(checkpoints)) {
      known.set(one.batch, one.hash)
      if (trusted === undefined) anchors.add(one.publicKey)
    }
  const { publicKey, formerKeys, complete } = parsed.data
  const counts = { events: 0, batches: 0, withheld: 0, unsealed: 0, archived: 0 }
  const reading: Reading = {
    verdict: { ...counts, complete, publicKey, findings: [] },
    keys: (anchors.size > 0 ? [...anchors] : [...(publicKey === null ? [] : [publicKey]), ...formerKeys]).map(
      keyOf,
    ),
    checkpoints: known,
    line: 1,
    record: 0,
    batch: undefined,
    leaves: [],
    ended: false,
    digest: createHash('sha256')
      .update(first.value as Buffer)
      .update('\n'),
  }
  const { findings } = reading.verdict
  if (anchors.size > 0 && (publicKey === null || !anchors.has(publicKey)))
    findings.push('forged: the file names another key than the trusted one')
  for await (const line of lines) {
    reading.line++
    findings.push(...lineFaults(reading, line))
    if (findings.length >= MAX_FINDINGS) return reading.verdict
  }
  findings.push(...batchEndFaults(reading))
  if (!reading.ended) findings.push(`cut: the file stops after line ${reading.line} without its end`)
  return reading.verdict
}

function keyOf(text: string): KeyObject {
  try {
    return publicKeyOf(text)
  } catch {
    throw new Error('the public key cannot be read')
  }
}

function* lineFaults(x: Reading, line: Buffer): Generator<string> {
  const text = line.toString('utf8')
  if (x.ended) {
    yield `inserted: line ${x.line} stands behind the end of the file`
    return
  }
  const kind = /^\{"kind":"([a-z]+)"/.exec(text)?.[1]
  if (kind === 'event') yield* eventFaults(x, text)
  else {
    const value = jsonOf(text)
    const [batch, absent, end] = [
      batchLine.safeParse(value),
      absentLine.safeParse(value),
      endLine.safeParse(value),
    ]
    if (batch.success) yield* batchFaults(x, batch.data)
    else if (absent.success) yield* absentFaults(x, absent.data)
    else if (end.success) {
      yield* endFaults(x, end.data)
      return
    } else yield `changed: line ${x.line} is no line of an export`
  }
  x.digest.update(line).update('\n')
}

function* batchFaults(x: Reading, batch: Batch): Generator<string> {
  yield* batchEndFaults(x)
  const { batch: last, verdict } = x
  const name = `batch ${batch.number}`
  if (verdict.complete) {
    const expected = last === undefined ? undefined : BigInt(last.number) + 1n
    const previous = last?.hash ?? (batch.number === '1' ? GENESIS.toString('hex') : batch.previous)
    if (expected !== undefined && BigInt(batch.number) !== expected)
      yield `missing or reordered: batch ${expected} belongs in line ${x.line}, ${batch.number} is there`
    else if (batch.previous !== previous) yield `changed: ${name} does not follow from the one before`
  }
  if (headHash(batch).toString('hex') !== batch.hash)
    yield `changed: ${name} in line ${x.line} is not what its hash says`
  if (!isSignedBy(x.keys, bytes(batch.hash), bytes(batch.signature)))
    yield `forged: the signature of ${name} is not of the installation’s key`
  const outside = x.checkpoints.get(batch.number)
  if (outside !== undefined && outside !== batch.hash)
    yield `forged: ${name} is another one than its checkpoint says`
  x.batch = batch
  x.leaves = []
  verdict.batches++
}

/** In a complete file, whether the batch that ends here had all its events. */
function* batchEndFaults(x: Reading): Generator<string> {
  const { batch, leaves } = x
  if (!batch || !x.verdict.complete) return
  if (leaves.length < batch.size)
    yield `missing: batch ${batch.number} has ${batch.size} events, ${leaves.length} are there`
  else if (merkleRoot(bytes(leaves.join(''))).toString('hex') !== batch.root)
    yield `changed: the events of batch ${batch.number} are not the ones that were signed`
}

function* placeFaults(
  x: Reading,
  place: { batch: string | null; position: number | null; leaf: string },
  what: string,
) {
  const { batch } = x
  if (place.batch !== (batch?.number ?? null)) yield `changed: ${what} is not of the batch above it`
  else if (x.verdict.complete && place.position !== x.leaves.length)
    yield `missing or reordered: ${what} is number ${(place.position ?? 0) + 1} of batch ${place.batch}, number ${x.leaves.length + 1} belongs there`
  // After a gap the count goes on from where the file does, so that one gap is one finding.
  if (x.verdict.complete && place.position !== null)
    while (x.leaves.length < place.position && x.leaves.length < (batch?.size ?? 0)) x.leaves.push(VANISHED)
  x.leaves.push(place.leaf)
}

function* eventFaults(x: Reading, text: string): Generator<string> {
  let read: { head: unknown; content: string }
  try {
    read = readEventLine(text)
  } catch {
    yield `changed: line ${x.line} cannot be read`
    return
  }
  const parsed = eventHead.safeParse(read.head)
  if (!parsed.success) {
    yield `changed: line ${x.line} is no line of an export`
    return
  }
  const head = parsed.data
  const id = /"id":"([0-9a-f-]{36})","ip"/.exec(read.content)?.[1] ?? 'without an id'
  const what = `event ${id} in line ${x.line}`
  if (head.record !== x.record + 1)
    yield `missing or reordered: ${what} is record ${head.record}, record ${x.record + 1} belongs there`
  x.record = head.record
  x.verdict.events++
  if (head.withheld) x.verdict.withheld++
  else if (leafHash(read.content) !== head.leaf) yield `changed: ${what} is not what its hash says`
  if (head.batch === null) {
    x.verdict.unsealed++
    return
  }
  if (x.verdict.complete) {
    yield* placeFaults(x, head, what)
    return
  }
  const { batch } = x
  if (!batch || batch.number !== head.batch) {
    yield `changed: ${what} is not of the batch above it`
    return
  }
  const root = rootOf(bytes(head.leaf), (head.path ?? []).map(bytes), head.position ?? -1, batch.size)
  if (root?.toString('hex') !== batch.root)
    yield `changed: ${what} is not in batch ${head.batch} as it was signed`
}

function* absentFaults(x: Reading, line: z.infer<typeof absentLine>): Generator<string> {
  const what = `the absent event in line ${x.line}`
  if (line.archived) x.verdict.archived++
  else yield `missing: number ${line.position + 1} of batch ${line.batch} was gone when the file was written`
  yield* placeFaults(x, line, what)
}

function* endFaults(x: Reading, end: z.infer<typeof endLine>): Generator<string> {
  yield* batchEndFaults(x)
  x.batch = undefined
  x.ended = true
  if (end.events !== x.verdict.events)
    yield `missing: ${end.events} events were written, ${x.verdict.events} are there`
  const sha256 = x.digest.digest('hex')
  if (sha256 !== end.sha256) yield 'changed: the file is not the one whose hash its end names'
  if (!isSignedBy(x.keys, fileHash(end.sha256), bytes(end.signature)))
    yield 'forged: the signature at the end is not of the installation’s key'
}

import { createHash } from 'node:crypto'
import { stringify } from 'csv-stringify/sync'
import type { AuditExport } from '../../../shared/api/audit.ts'
import { transaction, type Ctx, type Origin, type Root, type Scope } from '../../context.ts'
import type { AuditFilter } from '../../db/audit.ts'
import * as archives from '../../db/auditArchives.ts'
import * as rows from '../../db/auditExport.ts'
import * as seals from '../../db/auditSeals.ts'
import { merkleProver } from '../../lib/merkle.ts'
import { hasBit } from './archived.ts'
import { leafOf, leavesOf } from './batches.ts'
import { batchLine, eventLine, fileHash, type EventHead, type Header } from './exportFormat.ts'
import { publicKeys, sign } from './key.ts'

const PAGE = 200
const BATCHES = 4

export type Exporting = { root: Root; origin: Origin; scope: Scope; filter: AuditFilter }

const within = <T>({ root, origin, scope }: Exporting, work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  transaction(root, origin, scope, work)

/** An export for a caller: a page in a transaction of its own, so that it takes no more memory than a page. */
export function exportText(x: Exporting, format: AuditExport['format']): AsyncGenerator<string> {
  if (format === 'csv') return csv(x)
  const everything = x.scope === 'platform' && x.origin.seesInfrastructure === true
  const whole = everything && Object.values(x.filter).every((value) => value === undefined)
  return signedFile(x, whole, whole ? wholeBatches(x) : provenEvents(x))
}

type Counts = { events: number; batches: number }
type Lines = AsyncGenerator<string, Counts>

/** Puts the head before and the signed end after the lines. */
async function* signedFile(x: Exporting, complete: boolean, lines: Lines): AsyncGenerator<string> {
  const digest = createHash('sha256')
  const written = (line: string): string => {
    const text = `${line}\n`
    digest.update(text)
    return text
  }
  const [publicKey = null, ...formerKeys] = await within({ ...x, scope: 'platform' }, publicKeys)
  const header: Header = {
    kind: 'mpanel-audit-export',
    version: 1,
    exportedAt: x.root.now().toISOString(),
    publicKey,
    ...(formerKeys.length > 0 && { formerKeys }),
    complete,
    tenants: x.scope === 'platform' ? 'all' : x.scope,
    filter: Object.fromEntries(Object.entries(x.filter).filter(([, value]) => value !== undefined)),
  }
  yield written(JSON.stringify(header))
  let counts: Counts
  for (;;) {
    const next = await lines.next()
    if (next.done) {
      counts = next.value
      break
    }
    yield written(next.value)
  }
  const sha256 = digest.digest('hex')
  const signature = await within({ ...x, scope: 'platform' }, (ctx) => sign(ctx, fileHash(sha256)))
  yield `${JSON.stringify({ kind: 'end', ...counts, sha256, signature: signature.toString('hex') })}\n`
}

/** Every batch with every event, in the order of sealing. */
async function* wholeBatches(x: Exporting): Lines {
  const counts: Counts = { events: 0, batches: 0 }
  for (let last = 0n; ;) {
    const after = last
    const chunk = await within(x, async ({ tx }) => {
      const batches = await seals.batchesAfter(tx, after, BATCHES)
      const found = []
      for (const batch of batches) {
        const { events: ids, first_at: from, last_at: to } = batch
        const parts = await archives.partsOf(tx, [batch.number])
        found.push({ batch, parts, events: await seals.eventsIn(tx, { ids, from, to }) })
      }
      return found
    })
    for (const { batch, parts, events } of chunk) {
      yield JSON.stringify(batchLine(batch))
      counts.batches++
      for (const [position, leaf] of leavesOf(batch.leaves).entries()) {
        const event = events.get(batch.events[position] ?? '')
        const place = { batch: batch.number.toString(), position, leaf }
        if (event) yield eventLine({ kind: 'event', record: ++counts.events, ...place }, event)
        else {
          const archived = parts.some((part) => hasBit(part.positions, position))
          yield JSON.stringify({ kind: 'absent', ...place, archived })
        }
      }
    }
    last = chunk.at(-1)?.batch.number ?? last
    if (chunk.length < BATCHES) return counts
  }
}

/** The events of a filter, each with the path that leads to the root of its batch. */
async function* provenEvents(x: Exporting): Lines {
  const counts: Counts = { events: 0, batches: 0 }
  let current: bigint | undefined
  for await (const page of pages(x)) {
    const numbers = [...new Set(page.map((event) => event.batch).filter((number) => number !== null))]
    for (const number of numbers) {
      // One batch at a time: its leaves are long.
      const [batch] = await within({ ...x, scope: 'platform' }, ({ tx }) => rows.batchesNamed(tx, [number]))
      if (!batch) continue
      if (number !== current) {
        yield JSON.stringify(batchLine(batch))
        counts.batches++
        current = number
      }
      const prove = merkleProver(batch.leaves)
      for (const event of page.filter((one) => one.batch === number)) {
        const position = event.position ?? 0
        const path = prove(position).map((node) => node.toString('hex'))
        yield lineOf(x, event, ++counts.events, { path })
      }
    }
    for (const event of page.filter((one) => one.batch === null)) yield lineOf(x, event, ++counts.events, {})
  }
  return counts
}

/** Somebody who does not see the infrastructure gets the hash of what jobs read back, not its content. */
function lineOf(x: Exporting, event: rows.PlacedEvent, record: number, more: { path?: string[] }): string {
  const { micros: _micros, batch, position, ...sealed } = event
  const withheld = !x.origin.seesInfrastructure && event.job_id !== null && event.details !== null
  const head: EventHead = {
    kind: 'event',
    record,
    batch: batch?.toString() ?? null,
    position,
    leaf: leafOf(sealed),
    ...more,
    ...(withheld ? { withheld: ['details'] } : {}),
  }
  return eventLine(head, sealed)
}

async function* pages(x: Exporting): AsyncGenerator<rows.PlacedEvent[]> {
  let after: string | undefined
  for (;;) {
    const place = after
    const page = await within(x, ({ tx }) =>
      rows.placedEvents(tx, x.scope, x.filter, { after: place, limit: PAGE }),
    )
    if (page.length > 0) yield page
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    after = `${last.micros}.${last.id}`
  }
}

const COLUMNS = [
  'id',
  'at',
  'tenant_id',
  'action',
  'outcome',
  'actor',
  'target_type',
  'target_id',
  'target_label',
  'diff',
  'details',
  'request_id',
  'correlation_id',
  'job_id',
  'ip',
  'user_agent',
  'batch',
] as const

/** For spreadsheets: what would be taken for a formula begins with an apostrophe. */
async function* csv(x: Exporting): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\r\n`
  for await (const page of pages(x)) {
    const told = page.map((event) => ({
      ...event,
      details: x.origin.seesInfrastructure || event.job_id === null ? event.details : null,
    }))
    yield stringify(told, { columns: [...COLUMNS], escape_formulas: true, record_delimiter: '\r\n' })
  }
}

import { asSystem, type Root, type Scope } from '../../context.ts'
import * as seals from '../../db/auditSeals.ts'
import * as sinks from '../../db/auditSinks.ts'
import type { SinkRow } from '../../db/auditSinks.ts'
import type { Tx } from '../../db/index.ts'
import { backoffMs } from '../../lib/backoff.ts'
import { SecretLost } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import { OutgoingFault } from '../../lib/outgoing.ts'
import { leavesOf } from './batches.ts'

/** So many events go in one delivery. */
const PORTION = 100
const LEASE_MS = 120_000
/** Then another sink has its turn. */
const TURN_MS = 30_000
const AT_ONCE = 4
const BACKOFF = { baseMs: 10_000, capMs: 3_600_000 }

/** An event as receivers get it. `id` tells a repeated one; `batch`, `position` and `leaf` find it in an export. */
export type DeliveredEvent = ReturnType<typeof delivered>

/** Delivers what is sealed and waits, sink by sink, until nothing is left that could be delivered now. */
export async function deliverDue(root: Root): Promise<void> {
  const work = async (): Promise<void> => {
    while (await deliverOne(root));
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

async function deliverOne(root: Root): Promise<boolean> {
  const lease = newId()
  const sink = await platform(root, (tx) => sinks.claim(tx, lease, root.now(), LEASE_MS))
  if (!sink) return false
  const until = performance.now() + TURN_MS
  const held = { id: sink.id, lease }
  try {
    let place: Place | undefined = { batch: sink.next_batch, position: sink.next_position }
    while (place && performance.now() < until) place = await deliverPortion(root, sink, held, place)
  } catch (error) {
    await failed(root, sink, held, error)
  }
  await platform(root, (tx) => sinks.release(tx, held))
  return true
}

type Place = { batch: bigint; position: number }
type Held = { id: string; lease: string }

/** @returns where to go on; undefined when nothing is left or the sink is no longer ours */
async function deliverPortion(
  root: Root,
  sink: SinkRow,
  held: Held,
  place: Place,
): Promise<Place | undefined> {
  const found = await portionAt(root, sink, place)
  if (!found) return undefined
  if (found.events.length > 0) await send(root, sink, found.events)
  const { batch, position } = found.next
  const now = root.now()
  const kept = await platform(root, (tx) =>
    sinks.note(tx, held, {
      next_batch: batch,
      next_position: position,
      ...(found.events.length === 0 ? {} : { delivered_at: now }),
      delivered: sink.delivered + BigInt(found.events.length),
      failures: 0,
      last_error: null,
      lease_until: new Date(now.getTime() + LEASE_MS),
    }),
  )
  sink.delivered += BigInt(found.events.length)
  sink.failures = 0
  return kept ? found.next : undefined
}

/** The next events of one batch, in the order in which they were sealed. A tenant's sink sees its own events only. */
async function portionAt(root: Root, sink: SinkRow, place: Place) {
  const scope: Scope = sink.tenant_id === null ? 'platform' : [sink.tenant_id]
  return asSystem(root, 'audit.deliver', scope, async ({ tx }) => {
    const [batch] = await seals.batchesAfter(tx, place.batch - 1n, 1)
    if (!batch) return undefined
    const { first_at: from, last_at: to } = batch
    const events = await seals.eventsIn(tx, { ids: batch.events, from, to })
    const leaves = leavesOf(batch.leaves)
    const left = batch.events
      .map((id, position) => ({ event: events.get(id), position }))
      .filter(({ event, position }) => event && (position >= place.position || batch.number > place.batch))
    const portion = left.slice(0, PORTION)
    const last = portion.at(-1)
    return {
      events: portion.flatMap(({ event, position }) =>
        event ? [delivered(event, sink, { batch: batch.number, position, leaf: leaves[position] })] : [],
      ),
      next:
        left.length > portion.length && last
          ? { batch: batch.number, position: last.position + 1 }
          : { batch: batch.number + 1n, position: 0 },
    }
  })
}

const json = (text: string | null): unknown => (text === null ? null : JSON.parse(text))

/** A sealed event as the API tells it. A tenant is not told what jobs read back: that names nodes and VMIDs. */
export const eventOf = (event: seals.SealedEvent, tenantId: string | null) => ({
  id: event.id,
  at: event.at,
  tenantId: event.tenant_id,
  action: event.action,
  outcome: event.outcome,
  actor: json(event.actor),
  target: event.target_type && { type: event.target_type, id: event.target_id, label: event.target_label },
  diff: json(event.diff),
  details: tenantId === null || event.job_id === null ? json(event.details) : null,
  requestId: event.request_id,
  correlationId: event.correlation_id,
  jobId: event.job_id,
  ip: event.ip,
})

const delivered = (
  event: seals.SealedEvent,
  { tenant_id: tenantId }: SinkRow,
  { batch, position, leaf }: { batch: bigint; position: number; leaf: string | undefined },
) => ({
  ...eventOf(event, tenantId),
  batch: batch.toString(),
  position,
  leaf: leaf ?? null,
})

/** The purpose that binds a sealed secret to its sink. */
export const purposeOf = (id: string): string => `audit.sink:${id}`

const SEVERITY: Record<string, 'info' | 'warning' | 'error'> = { denied: 'warning', error: 'error' }

/** @throws OutgoingFault */
export async function send(root: Root, sink: SinkRow, events: readonly DeliveredEvent[]): Promise<void> {
  const { vendors, sealer, settings } = root
  const ca = sink.ca_pem ?? undefined
  if (sink.kind === 'webhook') {
    const secret = sealer.open(sink.secret ?? Buffer.alloc(0), purposeOf(sink.id))
    const [first] = events
    const id = first === undefined ? newId() : `${first.batch}.${first.position}`
    return vendors.webhook({ url: sink.address, secret, ca }, { id, at: root.now(), body: { events } })
  }
  const { hostname: host, port } = new URL(sink.address)
  const hostname = new URL(settings.publicUrl).hostname
  return vendors.syslog(
    { host: host.replace(/^\[|\]$/g, ''), port: Number(port || 6514), ca },
    events.map((event) => ({
      severity: SEVERITY[event.outcome] ?? 'info',
      at: event.at,
      hostname,
      messageId: event.action,
      data: { id: event.id, batch: event.batch, position: String(event.position) },
      text: JSON.stringify(event),
    })),
  )
}

async function failed(root: Root, sink: SinkRow, held: Held, error: unknown): Promise<void> {
  const known = error instanceof OutgoingFault || error instanceof SecretLost
  if (!known) root.log.error({ err: error, sinkId: sink.id }, 'a delivery of audit events failed')
  await platform(root, (tx) =>
    sinks.note(tx, held, {
      failures: sink.failures + 1,
      last_error: known ? error.message : 'mPanel itself failed; its log says more',
      next_attempt_at: new Date(root.now().getTime() + backoffMs(sink.failures, BACKOFF)),
    }),
  )
}

const platform = <T>(root: Root, work: (tx: Tx) => Promise<T>): Promise<T> =>
  root.db.transaction('platform', work)

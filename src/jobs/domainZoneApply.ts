import type { DnsServer, ServedZone } from '../integrations/dnsServers/types.ts'
import { isNextSerial } from '../lib/dns/serial.ts'
import type { Outcome } from '../lib/outcome.ts'
import { zoneApply as declared, type ApplyPayload } from '../services/dnsQueues.ts'
import * as dnsZoneService from '../services/dnsZoneService.ts'
import type { Applied, Desired, Drift, PlannedChange, ZoneError } from '../services/dnsZoneService.ts'
import { JobError, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type ApplyRun = Run<ApplyPayload>
type Came =
  | { of: 'applied'; applied: Applied }
  | { of: 'held' | 'rejected'; error: ZoneError; drift: Drift | null }
  | { of: 'gone' }

const { blamed, driftOf, keyOf, planOf, tooMuch } = dnsZoneService

/** A server that cannot be asked is waited for; the zone says so meanwhile. */
export async function asked<T>(run: Run<unknown>, zoneId: string, answer: Promise<Outcome<T>>): Promise<T> {
  try {
    return valueOf(await answer)
  } catch (error) {
    if (error instanceof JobError && error.kind === 'wait')
      await run.tx((ctx) => dnsZoneService.noteWaiting(ctx, zoneId, error.message))
    throw error
  }
}

/** What others have made under this name is never touched. */
export const notOurs = (zone: { id: string; name: string }): ZoneError => ({
  code: 'not_ours',
  message: `The server has a zone ${zone.name.slice(0, -1)} that mPanel has not made. Delete it there, or hand it over: set its account to ${zone.id}.`,
  name: null,
  type: null,
})

/**
 * Makes the server serve the zone: looks what is there, writes the difference in one call, and looks again. Done twice it finds
 * nothing left to do, so an answer that was lost does no harm.
 */
async function write(run: ApplyRun): Promise<Came> {
  const { zoneId } = run.payload
  const wanted = await run.read((ctx) => dnsZoneService.desired(ctx, zoneId))
  if (!wanted) return { of: 'gone' }
  const server = run.root.vendors.dnsServer(wanted.connection)
  const there = await asked(run, zoneId, server.zone(wanted.zone.name))
  if (there && there.owner !== zoneId) return { of: 'rejected', error: notOurs(wanted.zone), drift: null }
  const { mine, others } = there ? splitPlan(run, wanted, there) : { mine: [], others: [] }
  const foreign = run.payload.everything
    ? null
    : tooMuch(
        wanted.zone.name,
        mine.filter((one) => !wanted.asked.has(keyOf(one))),
        there?.rrsets.length ?? 0,
      )
  if (foreign !== null)
    return {
      of: 'held',
      error: { code: 'held', message: foreign, name: null, type: null },
      drift: driftOf(mine),
    }
  const refused = there ? await send(run, wanted, server, mine) : await make(run, wanted, server)
  if (refused) return { of: 'rejected', error: refused, drift: driftOf(others) }
  const after = mine.length > 0 || !there ? await readBack(run, wanted, server, there, mine) : there
  return proven(wanted, after, { isNew: !there, mine })
}

type Split = { mine: PlannedChange[]; others: PlannedChange[] }

/** What others have changed on the server is theirs to change, unless the zone is kept as it is here, or somebody says so. */
function splitPlan(run: ApplyRun, { zone, asked: since, rrsets }: Desired, there: ServedZone): Split {
  const plan = planOf(rrsets, there.rrsets)
  if (run.payload.everything || zone.policy === 'enforce') return { mine: plan, others: [] }
  return {
    mine: plan.filter((one) => since.has(keyOf(one))),
    others: plan.filter((one) => !since.has(keyOf(one))),
  }
}

async function make(run: ApplyRun, { zone, created }: Desired, server: DnsServer): Promise<ZoneError | null> {
  const answer = await server.createZone(created)
  // Somebody was quicker: the next look tells who.
  if (answer.outcome === 'rejected' && answer.code === 'exists')
    throw new JobError('retry', 'exists', answer.message)
  return refusalOf(run, zone.id, answer, created.rrsets)
}

async function send(
  run: ApplyRun,
  { zone }: Desired,
  server: DnsServer,
  plan: readonly PlannedChange[],
): Promise<ZoneError | null> {
  if (plan.length === 0) return null
  return refusalOf(run, zone.id, await server.changeZone(zone.name, plan), plan)
}

/** What a server refuses of the records is for whoever has written them. */
async function refusalOf(
  run: ApplyRun,
  zoneId: string,
  answer: Outcome<null>,
  plan: readonly { name: string; type: string }[],
): Promise<ZoneError | null> {
  if (answer.outcome === 'rejected' && answer.code === 'invalid') {
    const at = blamed(answer.message, plan)
    return { code: 'invalid', message: answer.message, name: at?.name ?? null, type: at?.type ?? null }
  }
  await asked(run, zoneId, Promise.resolve(answer))
  return null
}

/** A set that is read by itself costs a server about as much as so many of a whole zone. */
const SET_ALONE = 200

/**
 * What the server has after it was written. Where that was a small part of a large zone, only that is read again, as long as the
 * serial shows that nobody else has changed anything since the zone was read before.
 */
async function readBack(
  run: ApplyRun,
  { zone }: Desired,
  server: DnsServer,
  before: ServedZone | null,
  mine: readonly PlannedChange[],
): Promise<ServedZone | null> {
  if (before && mine.length * SET_ALONE <= before.rrsets.length) {
    const read = await asked(run, zone.id, server.sets(zone.name, mine))
    if (read?.owner === zone.id && isNextSerial(before.serial, read.serial, run.root.now())) {
      const written = new Set(mine.map(keyOf))
      return { ...read, rrsets: [...before.rrsets.filter((one) => !written.has(keyOf(one))), ...read.rrsets] }
    }
  }
  return asked(run, zone.id, server.zone(zone.name))
}

/** Believed is what was read, not what was answered. */
function proven(
  { zone, rrsets }: Desired,
  after: ServedZone | null,
  { isNew, mine }: { isNew: boolean; mine: readonly PlannedChange[] },
): Came {
  if (!after) throw new JobError('retry', 'missing', 'The zone was written, and is not there.')
  const left = planOf(rrsets, after.rrsets)
  const written = new Set(mine.map(keyOf))
  const wrong = left.find((one) => isNew || written.has(keyOf(one)))
  if (wrong)
    throw new JobError(
      'retry',
      'not_as_written',
      `The server has something else at ${wrong.name} (${wrong.type}) than was written.`,
    )
  const applied = {
    revision: zone.desired_revision,
    serial: after.serial,
    written: isNew ? rrsets.length : mine.length,
    made: isNew,
    drift: driftOf(left),
  }
  return { of: 'applied', applied }
}

/** Has a zone served as it is wanted. Never two at once for one zone: see the queue's serial keys and limits. */
export const domainZoneApply: JobHandler<ApplyPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  steps: [
    { name: 'write', title: 'Bringing the zone to its server', run: write, idempotent: true },
    {
      name: 'settle',
      title: 'Writing down what is served',
      commit: async (ctx, run) => {
        const came = run.output('write') as Came
        const { zoneId } = run.payload
        if (came.of === 'applied') await dnsZoneService.noteApplied(ctx, zoneId, came.applied)
        else if (came.of !== 'gone')
          await dnsZoneService.noteFailure(ctx, zoneId, came.of, came.error, came.drift)
      },
    },
  ],
  failed: (ctx, { zoneId }, { code, message }) =>
    dnsZoneService.noteFailure(ctx, zoneId, 'rejected', { code, message, name: null, type: null }),
}

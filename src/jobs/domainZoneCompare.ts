import { serverCompare, zoneCompare, type ComparePayload, type ServerPayload } from '../services/dnsQueues.ts'
import * as dnsServerService from '../services/dnsServerService.ts'
import * as dnsZoneService from '../services/dnsZoneService.ts'
import type { Compared } from '../services/dnsZoneService.ts'
import { notOurs } from './domainZoneApply.ts'
import { valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

async function compare(run: Run<ComparePayload>): Promise<Compared | null> {
  const wanted = await run.read((ctx) => dnsZoneService.desired(ctx, run.payload.zoneId))
  if (!wanted) return null
  const { zone, rrsets, connection } = wanted
  const there = valueOf(await run.root.vendors.dnsServer(connection).zone(zone.name))
  const found = { revision: zone.desired_revision, serial: there?.serial ?? null, missing: !there }
  if (there && there.owner !== zone.id) return { ...found, plan: [], reason: notOurs(zone).message }
  const plan = there ? dnsZoneService.planOf(rrsets, there.rrsets) : []
  return { ...found, plan, reason: null }
}

/** Looks whether a server serves what it was given, and does what the zone's policy says about what others have changed. */
export const domainZoneCompare: JobHandler<ComparePayload> = {
  kind: zoneCompare.kind,
  parse: (payload) => zoneCompare.payload.parse(payload),
  steps: [
    { name: 'compare', title: 'Comparing the zone with its server', run: compare, idempotent: true },
    {
      name: 'settle',
      title: 'Writing down what differs',
      commit: async (ctx, run) => {
        const found = run.output('compare') as Compared | null
        const { zoneId, adopt } = run.payload
        if (found) await dnsZoneService.noteCompared(ctx, zoneId, found, adopt)
      },
    },
  ],
}

type Heads = [name: string, dnsZoneService.Seen][]

async function look(run: Run<ServerPayload>): Promise<Heads | { problem: string }> {
  const { serverId } = run.payload
  const { connection } = await run.read((ctx) => dnsServerService.connectionFor(ctx, serverId))
  const heads = await run.root.vendors.dnsServer(connection).heads()
  if (heads.outcome !== 'ok') return { problem: dnsServerService.problemOf(heads) }
  return [...heads.value].map(([name, { serial, owner }]) => [name, { serial, owner }])
}

/** Compares the serials of all zones of a server. That it does not answer is a result too, not a failure of the job. */
export const domainServerCompare: JobHandler<ServerPayload> = {
  kind: serverCompare.kind,
  parse: (payload) => serverCompare.payload.parse(payload),
  steps: [
    { name: 'look', title: 'Reading the serials of the server', run: look, idempotent: true },
    {
      name: 'settle',
      title: 'Having zones compared that have changed',
      commit: async (ctx, run) => {
        const found = run.output('look') as Heads | { problem: string }
        const { serverId } = run.payload
        const isHealthy = Array.isArray(found)
        await dnsServerService.noteHealth(ctx, serverId, isHealthy ? null : found.problem)
        if (isHealthy) await dnsZoneService.compareSeen(ctx, serverId, new Map(found))
      },
    },
  ],
}

import { sql } from 'kysely'
import type { DnsServer } from '../../src/integrations/dnsServers/types.ts'
import { newId } from '../../src/lib/ids.ts'
import { ok } from '../../src/lib/outcome.ts'
import * as dnsQueues from '../../src/services/dnsQueues.ts'
import * as dnsServerService from '../../src/services/dnsServerService.ts'
import * as dnsZones from '../../src/db/dnsZones.ts'
import type { TestApp } from './app.ts'
import { zoneIn, type BegunZone } from './dnsZones.ts'
import { toRest, type AnyHandler, type Arranged, type JobCase } from './harnessRun.ts'
import { rowsOf } from './harnessWorld.ts'

type HandlerOf = (kind: string) => AnyHandler

/** Zone files: quick, and held to the same contract as a PowerDNS. */
async function filesOf(app: TestApp): Promise<DnsServer> {
  const seeded = { nameServers: ['ns1.example.net', 'ns2.example.net'], hostmaster: 'hostmaster@example.net' }
  await app.as((ctx) => dnsServerService.nameZoneFiles(ctx, seeded))
  return app.root.vendors.dnsServer({ kind: 'zonefiles' })
}

const serverId = async (app: TestApp): Promise<string> =>
  (await rowsOf(app, sql<{ id: string }>`select id from dns_servers where kind = 'zonefiles'`))[0]?.id ?? ''

async function served(app: TestApp, handlerOf: HandlerOf): Promise<BegunZone> {
  const zone = await zoneIn(app, await app.tenant())
  await toRest(app, zone.jobId, handlerOf('domain.zoneApply'))
  return zone
}

/** What both sides say of a zone, without its name. */
async function world(app: TestApp, files: DnsServer, zone: BegunZone): Promise<unknown> {
  const there = await files.zone(zone.name)
  const rrsets = there.outcome === 'ok' ? (there.value?.rrsets ?? null) : there
  return {
    server: JSON.parse(JSON.stringify(rrsets).replaceAll(zone.name, 'zone.')) as unknown,
    zone: await rowsOf(
      app,
      sql`select state, desired_revision, applied_revision, drift is not null as drift, error,
        (select count(*)::int from dns_records r where r.zone_id = z.id) as records
        from dns_zones z where id = ${zone.zoneId}`,
    ),
  }
}

/** Zones on the server that belong to none of ours. */
async function nobodys(app: TestApp, files: DnsServer): Promise<string[]> {
  const heads = await files.heads()
  if (heads.outcome !== 'ok') throw new Error(JSON.stringify(heads))
  const ours = await rowsOf(app, sql<{ id: string }>`select id from dns_zones where state <> 'ended'`)
  const ids = new Set(ours.map(({ id }) => id))
  return [...heads.value].filter(([, { owner }]) => !ids.has(owner)).map(([name]) => name)
}

const arranged = (app: TestApp, files: DnsServer, zone: BegunZone, jobId: string): Arranged => ({
  jobId,
  world: () => world(app, files, zone),
  holdings: () => nobodys(app, files),
  afterPermanent: [],
})

async function arrangeBegin(app: TestApp): Promise<Arranged> {
  const files = await filesOf(app)
  const zone = await zoneIn(app, await app.tenant())
  return arranged(app, files, zone, zone.jobId)
}

/** One set to be added, one to be changed, one to go. */
async function arrangeEdit(app: TestApp, handlerOf: HandlerOf): Promise<Arranged> {
  const files = await filesOf(app)
  const zone = await served(app, handlerOf)
  const edit = async (changes: object[]): Promise<string> =>
    (await app.admin.post<{ job: { id: string } }>(`${zone.path}/records`, { changes })).body.job.id
  const a = (name: string, content: string | null) => ({
    name,
    type: 'A',
    value: content === null ? null : { ttl: 300, contents: [content] },
  })
  await toRest(app, await edit([a('old', '192.0.2.1'), a('www', '192.0.2.2')]), handlerOf('domain.zoneApply'))
  const jobId = await edit([a('old', null), a('www', '192.0.2.3'), a('new', '192.0.2.4')])
  return arranged(app, files, zone, jobId)
}

async function arrangeRemove(app: TestApp, handlerOf: HandlerOf): Promise<Arranged> {
  const files = await filesOf(app)
  const zone = await served(app, handlerOf)
  const { body } = await app.admin.call<{ job: { id: string } }>('DELETE', `${zone.path}/zone`)
  return arranged(app, files, zone, body.job.id)
}

/** Somebody has put something into the file. */
async function arrangeCompare(app: TestApp, handlerOf: HandlerOf): Promise<Arranged> {
  const files = await filesOf(app)
  const zone = await served(app, handlerOf)
  await files.changeZone(zone.name, [
    { name: `theirs.${zone.name}`, type: 'A', after: { ttl: 300, contents: ['192.0.2.9'] } },
  ])
  const { id } = await app.as(async (ctx) => {
    const row = await dnsZones.find(ctx.tx, zone.zoneId)
    if (!row) throw new Error('the zone is not there')
    return dnsQueues.enqueueCompare(ctx, row, false)
  })
  return arranged(app, files, zone, id)
}

/** The serial of one zone is another than it was. */
async function arrangeServer(app: TestApp, handlerOf: HandlerOf): Promise<Arranged> {
  const files = await filesOf(app)
  const zone = await served(app, handlerOf)
  await files.changeZone(zone.name, [
    { name: `theirs.${zone.name}`, type: 'A', after: { ttl: 300, contents: ['192.0.2.9'] } },
  ])
  const server = { id: await serverId(app), name: 'Zone files' }
  const { id } = await app.as((ctx) => dnsQueues.enqueueServerCompare(ctx, server, newId()))
  const compares = () =>
    rowsOf(
      app,
      sql`select count(*)::int as jobs from provisioning_jobs where kind = 'domain.zoneCompare'
        and subject_id = ${zone.zoneId}`,
    )
  return { ...arranged(app, files, zone, id), world: compares }
}

const KEY = { flags: 257, algorithm: 13, publicKey: 'AAAA' }

/** How far the signing of a zone is, and what was seen of it. */
const signing = (app: TestApp, { zoneId }: BegunZone) =>
  rowsOf(
    app,
    sql`select dnssec, dnssec_keys, dnssec_words, delegation, delegation_seen is not null as seen
      from dns_zones where id = ${zoneId}`,
  )

/** The world says that nobody delegates a zone. */
const NOBODY = { server: 'a.example.net', fault: null, nameServers: [], ds: [], dsTtl: null }

async function arrangeSigning(
  app: TestApp,
  handlerOf: HandlerOf,
  dnssec: 'signing' | 'removing_ds',
): Promise<BegunZone> {
  await filesOf(app)
  app.root.vendors.delegation = async () => ({
    parent: 'com',
    fault: null,
    parents: [NOBODY],
    servers: [],
    glue: [],
  })
  const zone = await served(app, handlerOf)
  await app.as((ctx) => dnsZones.update(ctx.tx, zone.zoneId, { dnssec, dnssec_since: ctx.now() }))
  return zone
}

const enqueued = (app: TestApp, { zoneId }: BegunZone, how: typeof dnsQueues.enqueueWatch) =>
  app.as(async (ctx) => {
    const row = await dnsZones.find(ctx.tx, zoneId)
    if (!row) throw new Error('the zone is not there')
    return how(ctx, row)
  })

/** A server that can sign, which zone files cannot. */
async function arrangeSign(app: TestApp, handlerOf: HandlerOf): Promise<Arranged> {
  const zone = await arrangeSigning(app, handlerOf, 'signing')
  const { vendors } = app.root
  const asked = { ...vendors }
  let keys: (typeof KEY)[] = []
  vendors.dnsServer = (connection) => ({
    ...asked.dnsServer(connection),
    keys: async () => ok(keys),
    sign: async () => {
      keys = [KEY]
      return ok(null)
    },
  })
  const { id } = await enqueued(app, zone, (ctx, row) => dnsQueues.enqueueSign(ctx, row, newId()))
  const shown = () => signing(app, zone)
  return { jobId: id, world: shown, holdings: async () => [], afterPermanent: [] }
}

async function arrangeWatch(app: TestApp, handlerOf: HandlerOf): Promise<Arranged> {
  const zone = await arrangeSigning(app, handlerOf, 'removing_ds')
  const { id } = await enqueued(app, zone, dnsQueues.enqueueWatch)
  const shown = () => signing(app, zone)
  return { jobId: id, world: shown, holdings: async () => [], afterPermanent: [] }
}

/** A server that has been told of a zone nothing at all, and is told that nobody copies it. */
async function arrangeTransfers(app: TestApp, handlerOf: HandlerOf): Promise<Arranged> {
  await filesOf(app)
  const zone = await served(app, handlerOf)
  await app.as((ctx) => dnsZones.update(ctx.tx, zone.zoneId, { transfers_revision: -1 }))
  const { id } = await enqueued(app, zone, dnsQueues.enqueueTransfers)
  const shown = () =>
    rowsOf(app, sql`select transfers_revision as told from dns_zones where id = ${zone.zoneId}`)
  return { jobId: id, world: shown, holdings: async () => [], afterPermanent: [] }
}

/** The cases of the jobs that speak with DNS servers. */
export const dnsCases = (handlerOf: HandlerOf): JobCase[] => [
  {
    name: 'domain.zoneApply of a new zone',
    handler: handlerOf('domain.zoneApply'),
    permanent: 'failed',
    arrange: arrangeBegin,
  },
  {
    name: 'domain.zoneApply',
    handler: handlerOf('domain.zoneApply'),
    permanent: 'failed',
    everyFailure: true,
    arrange: (app) => arrangeEdit(app, handlerOf),
  },
  {
    name: 'domain.zoneRemove',
    handler: handlerOf('domain.zoneRemove'),
    permanent: 'stuck',
    arrange: (app) => arrangeRemove(app, handlerOf),
  },
  {
    name: 'domain.zoneCompare',
    handler: handlerOf('domain.zoneCompare'),
    permanent: 'failed',
    arrange: (app) => arrangeCompare(app, handlerOf),
  },
  {
    name: 'domain.zoneSign',
    handler: handlerOf('domain.zoneSign'),
    permanent: 'failed',
    arrange: (app) => arrangeSign(app, handlerOf),
  },
  {
    name: 'domain.zoneTransfers',
    handler: handlerOf('domain.zoneTransfers'),
    permanent: 'failed',
    arrange: (app) => arrangeTransfers(app, handlerOf),
  },
  {
    name: 'domain.zoneWatch',
    handler: handlerOf('domain.zoneWatch'),
    permanent: 'failed',
    arrange: (app) => arrangeWatch(app, handlerOf),
  },
  {
    name: 'domain.serverCompare',
    handler: handlerOf('domain.serverCompare'),
    permanent: 'failed',
    arrange: (app) => arrangeServer(app, handlerOf),
  },
]

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Problem } from '../../shared/api/common.ts'
import type { Zone, ZoneAccepted } from '../../shared/api/dnsZones.ts'
import * as registry from '../../sim/registry/domains.ts'
import { judge } from '../../src/services/dnsWatch/findings.ts'
import * as dnsWatchService from '../../src/services/dnsWatchService.ts'
import { finished, until } from '../support/app.ts'
import { resting, servedZone, zoneNow, type BegunZone } from '../support/dnsZones.ts'
import { DOMAINS, orderIn, payFor, registrationOf, registryOf } from '../support/registry.ts'
import { looked, startWorldDns, type WorldDns } from '../support/worldDns.ts'

let world: WorldDns
let tenantId: string
beforeAll(async () => {
  world = await startWorldDns()
  tenantId = await world.app.tenant()
})
afterAll(() => world.close())

const NS = ['ns1.example.net.', 'ns2.example.net.']
const above = (zone: BegunZone): string => zone.name.slice(zone.name.indexOf('.') + 1)
const delegate = (zone: BegunZone, ...contents: string[]) =>
  world.publish(above(zone), { name: zone.name, type: 'NS', contents })
const publishDs = (zone: BegunZone, ...contents: string[]) =>
  world.publish(above(zone), { name: zone.name, type: 'DS', contents, ttl: 7_200 })
const switchTo = (zone: BegunZone, on: boolean) =>
  world.app.admin.post<ZoneAccepted & Problem>(`${zone.path}/dnssec`, { on })
const textOf = ({ dnssec }: Zone): string[] =>
  dnssec.ds.map((one) => `${one.keyTag} ${one.algorithm} ${one.digestType} ${one.digest}`)
const keysAt = async (zone: BegunZone) =>
  (await world.ours.call('GET', `/zones/${zone.name}/cryptokeys`)).body as { ds: string[] }[]
/** Time goes by; a session does not last as long. */
async function later(byMs: number): Promise<void> {
  const { app } = world
  app.clock.offsetMs += byMs
  app.admin = await app.login('SUPER_ADMIN')
}
/** The zone once its signing is so far, looking as often as a timer would. */
const reached = (zone: BegunZone, state: Zone['dnssec']['state']): Promise<Zone> =>
  until(async () => {
    const now = await looked(world.app, zone)
    return now.dnssec.state === state && now
  }, `the signing of ${zone.name} to be ${state}`)

async function registeredZone(): Promise<BegunZone> {
  const { app } = world
  const order = await orderIn(app, tenantId)
  await payFor(app, order)
  const { id: domainId } = order.domain
  await until(
    async () => (await registrationOf(app, domainId)).registration === 'active',
    'the domain to be registered',
  )
  const path = `${DOMAINS}/${domainId}`
  const { body } = await app.admin.post<ZoneAccepted>(`${path}/zone`, {})
  await finished(app.admin, body.job?.id ?? '')
  return { domainId, tenantId, zoneId: body.zone.id, name: body.zone.name, path }
}

/** As the job does it, without the job. */
const found = async (zone: BegunZone): Promise<string[]> => {
  const { state, findings } = judge(zone.name, NS, await world.app.root.vendors.delegation(zone.name, NS))
  return [state, ...findings.map(({ code }) => code)]
}

test('a zone is looked at as the world sees it, by itself, and what is wrong is said', async () => {
  const { app, OURS, ABOVE } = world
  const zone = await servedZone(app, tenantId)
  const byItself = await until(async () => {
    await app.as((ctx) => dnsWatchService.watchDue(ctx))
    const now = await zoneNow(app, zone)
    return now.delegation.checkedAt !== null && now
  }, 'the timer to have it looked at')
  expect(byItself.delegation).toMatchObject({ state: 'not_delegated', parent: 'example.com' })
  expect(byItself.delegation.findings[0]?.message).toContain('ns1.example.net, ns2.example.net')

  await delegate(zone, 'ns.example.org.')
  expect(await found(zone)).toEqual(['elsewhere', 'elsewhere', 'server_silent'])
  await delegate(zone, ...NS)
  expect(await found(zone)).toEqual(['delegated'])
  await delegate(zone, NS[0]!)
  expect(await found(zone)).toEqual(['delegated', 'name_servers_missing', 'name_servers_differ'])
  await delegate(zone, ...NS, 'ns1.example.org.')
  expect(await found(zone)).toEqual(['faulty', 'other_name_servers', 'server_silent', 'name_servers_differ'])

  await delegate(zone, ...NS)
  await world.hosts(OURS, '127.0.0.3')
  expect(await found(zone)).toEqual(['faulty', 'server_silent'])
  await world.hosts(OURS, ABOVE)
  expect(await found(zone)).toEqual(['faulty', 'lame'])
  const set = { name: 'ns', type: 'A', ttl: 300, contents: [OURS] }
  await app.admin.call('PUT', `${zone.path}/records`, set)
  await resting(app, zone)
  // An old copy of the zone, as a server has that gets no transfers any more.
  await world.above.call('POST', '/zones', { name: zone.name, kind: 'Native', nameservers: NS })
  expect(await found(zone)).toEqual(['delegated', 'serial_behind'])
  await world.above.call('DELETE', `/zones/${zone.name}`)
  // A name server below the zone, whose address the parent does not have, and then another one.
  const inside = `ns.${zone.name}`
  await world.hosts(OURS, OURS)
  await delegate(zone, ...NS, inside)
  expect(await found(zone)).toContain('glue_missing')
  await world.publish('example.com.', { name: inside, type: 'A', contents: [ABOVE] })
  expect(await found(zone)).toContain('glue_differs')
})

test('a registered domain is signed, its DS told to the registry, and all of it taken back in the order that keeps it found', async () => {
  const { app } = world
  const sim = await registryOf(app)
  const zone = await registeredZone()
  const name = zone.name.slice(0, -1)
  const atRegistry = () => registry.find(sim.world, name)?.ds ?? []
  await delegate(zone, ...NS)
  expect((await switchTo(zone, true)).status).toBe(202)
  const pending = await reached(zone, 'ds_pending')
  // What PowerDNS itself says that the DS is.
  const [key] = await keysAt(zone)
  expect(key?.ds).toEqual(expect.arrayContaining(textOf(pending)))
  await until(async () => atRegistry().length > 0, 'the registry to have the DS')
  expect(atRegistry().map(({ keyTag, digest }) => [Number(keyTag), digest])).toEqual(
    pending.dnssec.ds.map(({ keyTag, digest }) => [keyTag, digest]),
  )
  await until(
    async () => (await looked(app, zone)).dnssec.words?.includes('taken that over'),
    'the zone to say that the registry has it',
  )
  expect((await zoneNow(app, zone)).dnssec).toMatchObject({ state: 'ds_pending' })

  await publishDs(zone, ...textOf(pending))
  const secure = await reached(zone, 'secure')
  expect(secure).toMatchObject({
    delegation: { state: 'delegated', findings: [], parent: 'example' },
    dnssec: { words: null },
  })
  expect(secure.delegation.servers).toMatchObject(
    NS.map((host) => ({ host: host.slice(0, -1), signed: true })),
  )

  const refusals = await Promise.all([
    switchTo(zone, true),
    app.admin.call<Problem>('DELETE', `${zone.path}/zone`),
    app.admin.call<Problem>('PUT', `${zone.path}/ds`, { records: [] }),
    app.admin.call<Problem>('PUT', `${zone.path}/nameservers`, {
      nameservers: [{ host: 'ns1.example.org' }, { host: 'ns2.example.org' }],
    }),
  ])
  expect(refusals.map(({ body }) => body.code)).toEqual(refusals.map(() => 'invalid_state'))

  await switchTo(zone, false)
  await until(async () => atRegistry().length === 0, 'the registry to have no DS')
  const waiting = await looked(app, zone)
  expect(waiting.dnssec).toMatchObject({
    state: 'removing_ds',
    words: expect.stringContaining('still has a DS') as unknown,
  })
  await publishDs(zone)
  const expiring = await reached(zone, 'ds_expiring')
  const left = Date.parse(expiring.dnssec.until ?? '') - Date.parse(expiring.dnssec.since ?? '')
  expect(left).toBe(7_200_000)
  expect(await keysAt(zone)).toHaveLength(1)
  expect((await looked(app, zone)).dnssec.state).toBe('ds_expiring')
  // It comes back: nothing is unsigned, however long it lasts.
  await publishDs(zone, ...textOf(pending))
  await later(left)
  expect((await looked(app, zone)).dnssec.state).toBe('removing_ds')
  await publishDs(zone)
  await reached(zone, 'ds_expiring')
  await later(left)
  await looked(app, zone)
  const off = await until(async () => {
    const now = await zoneNow(app, zone)
    return now.dnssec.state === 'off' && now
  }, 'the zone to be unsigned')
  expect(off.dnssec).toMatchObject({ ds: [], words: null, until: null })
  expect(await keysAt(zone)).toEqual([])
  expect((await switchTo(zone, false)).body.code).toBe('invalid_state')
})

test('a DS is asked for only when every name server serves the keys, and one of other keys is not believed', async () => {
  const { app, OURS, ABOVE } = world
  const zone = await servedZone(app, tenantId)
  await delegate(zone, ...NS)
  await world.hosts(OURS, ABOVE)
  // The second name server has the zone, and not its keys.
  await world.above.call('POST', '/zones', { name: zone.name, kind: 'Native', nameservers: NS })
  await switchTo(zone, true)
  const unsigned = await until(async () => {
    const now = await looked(app, zone)
    return now.dnssec.words?.includes('ns2.example.net does not serve the keys') && now
  }, 'the zone to say which server does not serve its keys')
  expect(unsigned.dnssec.state).toBe('signing')
  await world.above.call('DELETE', `/zones/${zone.name}`)
  expect((await looked(app, zone)).dnssec.words).toContain('ns2.example.net does not have the zone')
  await world.hosts(OURS, OURS)
  const pending = await reached(zone, 'ds_pending')
  expect(pending.dnssec.words).toContain('Set it where the domain is registered')
  const [tag] = textOf(pending)[0]?.split(' ') ?? []
  await publishDs(zone, `${tag} 13 2 ${'ab'.repeat(32)}`)
  const wrong = await looked(app, zone)
  expect(wrong).toMatchObject({
    dnssec: { state: 'ds_pending', words: expect.stringContaining('DS of other keys') as unknown },
    delegation: { state: 'faulty', findings: [{ code: 'ds_without_key' }, { code: 'ds_without_key' }] },
  })
  await publishDs(zone, ...textOf(pending))
  await reached(zone, 'secure')
  // Somebody takes the DS away: the zone stays signed and asks for it again.
  await publishDs(zone)
  expect((await looked(app, zone)).dnssec).toMatchObject({ state: 'ds_pending', ds: pending.dnssec.ds })
  await world.above.stop()
  expect(await looked(app, zone)).toMatchObject({
    delegation: { state: 'unknown', findings: [{ code: 'parent_unreachable' }] },
    dnssec: { state: 'ds_pending' },
  })
  await world.above.start()
  await resting(app, zone)
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { judge } from '../../src/services/dnsWatch/findings.ts'
import * as dnsWatchService from '../../src/services/dnsWatchService.ts'
import { until } from '../support/app.ts'
import { resting, servedZone, zoneNow, type BegunZone } from '../support/dnsZones.ts'
import { startWorldDns, type WorldDns } from '../support/worldDns.ts'

let world: WorldDns
let tenantId: string
beforeAll(async () => {
  world = await startWorldDns()
  tenantId = await world.app.tenant()
})
afterAll(() => world.close())

const NS = ['ns1.example.net.', 'ns2.example.net.']
const delegate = (zone: BegunZone, ...contents: string[]) =>
  world.publish('example.com.', { name: zone.name, type: 'NS', contents })
/** As the job does it, without the job. */
const found = async (zone: BegunZone): Promise<string[]> => {
  const { state, findings } = judge(zone.name, NS, await world.app.root.vendors.delegation(zone.name, NS))
  return [state, ...findings.map(({ code }) => code)]
}

test('a zone is looked at as the world sees it, by itself, and what is wrong is said', async () => {
  const { app, OURS, ABOVE, above } = world
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
  await above.call('POST', '/zones', { name: zone.name, kind: 'Native', nameservers: NS })
  expect(await found(zone)).toEqual(['delegated', 'serial_behind'])
  await above.call('DELETE', `/zones/${zone.name}`)
  // A name server below the zone, whose address the parent does not have, and then another one.
  const inside = `ns.${zone.name}`
  await world.hosts(OURS, OURS)
  await delegate(zone, ...NS, inside)
  expect(await found(zone)).toContain('glue_missing')
  await world.publish('example.com.', { name: inside, type: 'A', contents: [ABOVE] })
  expect(await found(zone)).toContain('glue_differs')
})

import { once } from 'node:events'
import { connect } from 'node:net'
import { decode, encode } from 'dns-packet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Problem } from '../../shared/api/common.ts'
import type { DnsServer, DnsTransferKey } from '../../shared/api/dnsServers.ts'
import * as dnsTransferService from '../../src/services/dnsTransferService.ts'
import { until } from '../support/app.ts'
import { servedBy, servedZone } from '../support/dnsZones.ts'
import { startWorldDns, type WorldDns } from '../support/worldDns.ts'

const SERVERS = '/api/admin/domains/dns-servers'
const CATALOG = 'catalog.example.org.'
let world: WorldDns
let tenantId: string
let path: string
beforeAll(async () => {
  world = await startWorldDns()
  tenantId = await world.app.tenant()
  const { items } = (await world.app.admin.get<{ items: DnsServer[] }>(SERVERS)).body
  path = `${SERVERS}/${items.find(({ kind }) => kind === 'powerdns')?.id}`
})
afterAll(() => world.close())

const put = (body: object) => world.app.admin.call<DnsServer & Problem>('PUT', `${path}/secondaries`, body)
const told = () =>
  until(async () => {
    await world.app.as((ctx) => dnsTransferService.followSecondaries(ctx))
    return (await world.app.admin.get<DnsServer>(path)).body.untoldZones === 0
  }, 'the server to know of its secondaries')

/** What our server answers to whoever asks for a whole zone from an address, without a key. */
async function copyFrom(localAddress: string, name: string): Promise<string> {
  const [host, port] = world.ours.address.split(':')
  const message = encode({ type: 'query', id: 7, questions: [{ type: 'AXFR', name: name.slice(0, -1) }] })
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  const socket = connect({ host, port: Number(port), localAddress })
  socket.write(Buffer.concat([length, message]))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return String((decode(answer.subarray(2)) as { rcode?: string }).rcode)
}

test('a real second server copies zones by the key, hears of changes, and learns of new zones from the catalog', async () => {
  const { app, above, ours, ABOVE } = world
  const before = await servedZone(app, tenantId)
  const refused = await put({ secondaries: [above.address], catalog: null })
  expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('Make the key first')])
  const { body: key } = await app.admin.post<DnsTransferKey>(`${path}/transfer-key`)
  expect(key).toMatchObject({ algorithm: 'hmac-sha256', secret: expect.stringMatching(/^.{44}$/) as unknown })
  expect((await put({ secondaries: [above.address], catalog: null })).body).toMatchObject({
    transferKey: key.name,
    secondaries: [above.address],
    untoldZones: 1,
  })
  await told()
  // By the key alone: whoever comes from the same address without it gets nothing.
  expect(await copyFrom(ABOVE, before.name)).toMatch(/REFUSED|NOTAUTH/)
  await above.call('POST', '/tsigkeys', { name: key.name, algorithm: key.algorithm, key: key.secret })
  const copy = (name: string, kind: string) =>
    above.call('POST', '/zones', {
      name,
      kind,
      masters: [ours.address],
      nameservers: [],
      slave_tsig_key_ids: [`${key.name}.`],
    })
  await copy(before.name, 'Slave')
  const has = (name: string, what: string) =>
    until(async () => what in (await servedBy(above, name)), `the secondary to have ${what}`)
  await has(before.name, `${before.name} NS`)
  const record = { name: 'www', type: 'A', ttl: 300, contents: ['192.0.2.1'] }
  await app.admin.call('PUT', `${before.path}/records`, record)
  await has(before.name, `www.${before.name} A`)
  await above.call('DELETE', `/zones/${before.name}`)

  expect((await put({ secondaries: [above.address], catalog: before.name })).body.code).toBe('already_exists')
  expect((await put({ secondaries: [above.address], catalog: 'no name' })).body.code).toBe('invalid_input')
  await put({ secondaries: [above.address], catalog: CATALOG })
  await told()
  await copy(CATALOG, 'Consumer')
  await has(before.name, `www.${before.name} A`)
  // As at its refresh: what it is told of a catalog may get lost, or fall into the same second as another change.
  const refresh = () => above.call('PUT', `/zones/${CATALOG}/axfr-retrieve`)
  const later = await servedZone(app, tenantId)
  await told()
  await until(async () => {
    await refresh()
    return `${later.name} NS` in (await servedBy(above, later.name))
  }, 'the secondary to have learned of the zone')
  await app.admin.call('PUT', `${later.path}/records`, record)
  await has(later.name, `www.${later.name} A`)
  await app.admin.call('DELETE', `${later.path}/zone`)
  await until(async () => {
    await refresh()
    return Object.keys(await servedBy(above, later.name)).length === 0
  }, 'the secondary to have lost the zone')

  // Without secondaries nobody copies any more, and a catalog that others have made is not touched.
  await put({ secondaries: [], catalog: null })
  await told()
  expect((await ours.call('GET', `/zones/${before.name}?rrsets=false`)).body).toMatchObject({
    catalog: '',
    master_tsig_key_ids: [],
  })
  const { items } = (await app.admin.get<{ items: DnsServer[] }>(SERVERS)).body
  const files = items.find(({ kind }) => kind === 'zonefiles')
  const answer = await app.admin.post<Problem>(`${SERVERS}/${files?.id}/transfer-key`)
  expect([answer.status, answer.body.code]).toEqual([409, 'invalid_state'])
})

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createNetbox } from '../../src/integrations/netbox/client.ts'
import type { Entry, Netbox, Said } from '../../src/integrations/netbox/types.ts'
import { networks, sendOutgoing } from '../../src/lib/outgoing.ts'
import type { Outcome } from '../../src/lib/outcome.ts'
import type { NetboxSim } from '../../sim/netbox/server.ts'
import { FIELD, netboxWithField, prefixIn } from '../support/netbox.ts'

const allowed = networks(['127.0.0.0/8'])
const clientOf = (
  sim: NetboxSim,
  token = sim.token,
  more: { timeoutMs?: number; field?: string } = {},
): Netbox =>
  createNetbox((request) => sendOutgoing(allowed, request), { url: sim.url, token, field: FIELD, ...more })

let sim: NetboxSim
let netbox: Netbox
beforeAll(async () => {
  sim = await netboxWithField()
  sim.world.vrfs.set(5, { id: 5, name: 'customers', enforce_unique: true })
  sim.world.vrfs.set(6, { id: 6, name: 'loose', enforce_unique: false })
  netbox = clientOf(sim)
})
afterAll(() => sim.close())
beforeEach(() => sim.world.addresses.clear())

const said = (address: string, more: Partial<Said> = {}): Said => ({
  address,
  prefix: 24,
  vrfId: null,
  status: 'reserved',
  dnsName: 'web1.example.com',
  description: 'mPanel: pod web1.example.com',
  mark: 'mpanel:a:b',
  ...more,
})
function value<T>(outcome: Outcome<T>): T {
  if (outcome.outcome !== 'ok') throw new Error(JSON.stringify(outcome))
  return outcome.value
}
const made = async (address: string, more: Partial<Said> = {}): Promise<Entry> =>
  value(await netbox.create(said(address, more)))

describe('an address', () => {
  it('is made, found by its mark, its address and its network, changed and removed', async () => {
    const entry = await made('192.0.2.7')
    expect(entry).toEqual({ ...said('192.0.2.7'), id: entry.id })
    expect(value(await netbox.marked('mpanel:a:b'))).toEqual([entry])
    expect(value(await netbox.at('192.0.2.7', null))).toEqual([entry])
    expect(value(await netbox.entries({ network: '192.0.2.0/24', vrfId: null }))).toEqual([entry])
    expect(value(await netbox.entries({ network: '192.0.3.0/24', vrfId: null }))).toEqual([])
    const after = value(
      await netbox.change(entry.id, said('192.0.2.7', { status: 'deprecated', dnsName: '' })),
    )
    expect(after).toMatchObject({ id: entry.id, status: 'deprecated', dnsName: '' })
    expect(await netbox.remove(entry.id)).toMatchObject({ outcome: 'ok' })
    expect(await netbox.remove(entry.id)).toMatchObject({ outcome: 'rejected', code: 'missing' })
    expect(value(await netbox.marked('mpanel:a:b'))).toEqual([])
  })

  it('is found by its mark alone, not by a part of it', async () => {
    await made('192.0.2.7', { mark: 'mpanel:a:bc' })
    expect(value(await netbox.marked('mpanel:a:b'))).toEqual([])
  })

  it('of IPv6 comes back as it is written there, short and in lower case', async () => {
    const entry = await made('2001:db8::a', { prefix: 64 })
    expect(value(await netbox.at('2001:db8::a', null))).toEqual([entry])
    expect(value(await netbox.entries({ network: '2001:db8::/64', vrfId: null }))).toEqual([entry])
  })

  it('belongs to its VRF: the same one in another is another', async () => {
    await made('192.0.2.7')
    const inside = await made('192.0.2.7', { vrfId: 5 })
    expect(value(await netbox.at('192.0.2.7', 5))).toEqual([inside])
    expect(await netbox.create(said('192.0.2.7', { vrfId: 5 }))).toMatchObject({ code: 'taken' })
    // Where NetBox is not told to check, it lets two have one address.
    await made('192.0.2.7', { vrfId: 6 })
    await made('192.0.2.7', { vrfId: 6 })
    expect(value(await netbox.at('192.0.2.7', 6))).toHaveLength(2)
  })

  it('cannot be made twice, nor inside a range that counts as full', async () => {
    await made('192.0.2.7')
    expect(await netbox.create(said('192.0.2.7'))).toMatchObject({ outcome: 'rejected', code: 'taken' })
    const range = { id: 9, first: '192.0.2.100', last: '192.0.2.120', vrf: null, populated: true }
    sim.world.ranges.set(9, range)
    expect(await netbox.create(said('192.0.2.110'))).toMatchObject({ outcome: 'rejected', code: 'taken' })
    expect(value(await netbox.fullRanges({ network: '192.0.2.0/24', vrfId: null }))).toEqual([
      { id: 9, first: '192.0.2.100', last: '192.0.2.120' },
    ])
    sim.world.ranges.clear()
  })

  it('that something hangs on is not removed', async () => {
    const entry = await made('192.0.2.7')
    sim.world.addresses.set(entry.id, { ...sim.world.addresses.get(entry.id)!, protected: true })
    expect(await netbox.remove(entry.id)).toMatchObject({ outcome: 'rejected', code: 'protected' })
  })
})

it('a network is read to its end, however small the pages are', async () => {
  sim.world.maxPageSize = 7
  for (let n = 1; n <= 40; n++) sim.put({ address: `192.0.2.${n}`, length: 24 })
  expect(value(await netbox.entries({ network: '192.0.2.0/24', vrfId: null }))).toHaveLength(40)
  sim.world.maxPageSize = 1_000
})

it('what NetBox refuses names the field, and a missing custom field is told apart', async () => {
  expect(await netbox.create(said('192.0.2.7', { dnsName: 'not a name' }))).toMatchObject({
    outcome: 'rejected',
    code: 'invalid',
    errors: { dns_name: expect.any(String) as string },
  })
  expect(await netbox.create(said('192.0.2.7', { status: 'blue' }))).toMatchObject({ code: 'invalid' })
  const other = clientOf(sim, sim.token, { field: 'elsewhere' })
  expect(await other.create(said('192.0.2.7'))).toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('elsewhere') as string,
  })
  expect(await other.markField()).toEqual({ outcome: 'ok', value: 'missing' })
  // A filter that is not there finds everything: then nothing is said about a mark.
  for (let n = 1; n <= 60; n++) sim.put({ address: `192.0.2.${n}`, length: 24 })
  expect(await other.marked('mpanel:a:b')).toMatchObject({ outcome: 'rejected', code: 'unmarkable' })
  expect(await netbox.markField()).toEqual({ outcome: 'ok', value: 'usable' })
})

it('tokens of both kinds are taken; what is wrong, expired or may too little is refused', async () => {
  const old = sim.addToken({ key: null, secret: 'o'.repeat(40) })
  expect(await clientOf(sim, old).version()).toEqual({ outcome: 'ok', value: '4.6.8' })
  for (const token of ['nbt_nobody.wrong', 'o'.repeat(39), sim.addToken({ expired: true })])
    expect(await clientOf(sim, token).version()).toMatchObject({ outcome: 'rejected', code: 'forbidden' })
  const reader = clientOf(sim, sim.addToken({ write: false }))
  expect(await reader.rights()).toEqual({ outcome: 'ok', value: { add: false, change: false } })
  expect(await reader.create(said('192.0.2.7'))).toMatchObject({ code: 'forbidden' })
  const adder = clientOf(sim, sim.addToken({ permissions: new Set(['ipam.add_ipaddress']) }))
  expect(await adder.rights()).toEqual({ outcome: 'ok', value: { add: true, change: false } })
  expect(await adder.markField()).toEqual({ outcome: 'ok', value: 'unseen' })
  expect(await adder.marked('x')).toMatchObject({ code: 'forbidden' })
})

it('a prefix is told with its network and VRF; one that is not there is missing', async () => {
  const id = prefixIn(sim, '192.0.2.0/24', 5)
  expect(await netbox.prefix(id)).toEqual({
    outcome: 'ok',
    value: { id, network: '192.0.2.0/24', vrf: { id: 5, name: 'customers' } },
  })
  expect(await netbox.prefix(999_999)).toMatchObject({ outcome: 'rejected', code: 'missing' })
})

describe('the network', () => {
  const address = '192.0.2.7'
  it('a lost answer is unknown, whether the address was made or not', async () => {
    sim.fault({ method: 'POST', lost: 'after' })
    expect(await netbox.create(said(address))).toMatchObject({ outcome: 'unknown' })
    expect(value(await netbox.marked('mpanel:a:b'))).toHaveLength(1)
    sim.world.addresses.clear()
    sim.fault({ method: 'POST', lost: 'before' })
    expect(await netbox.create(said(address))).toMatchObject({ outcome: 'unknown' })
    expect(value(await netbox.marked('mpanel:a:b'))).toEqual([])
  })

  it('an answer that is late, broken, of a proxy or of another kind is unknown', async () => {
    sim.fault({ delayMs: 400 })
    expect(await clientOf(sim, sim.token, { timeoutMs: 50 }).marked('x')).toMatchObject({
      outcome: 'unknown',
    })
    sim.fault({ garbled: true })
    expect(await netbox.version()).toMatchObject({ outcome: 'unknown' })
    sim.fault({ status: 502 })
    expect(await netbox.create(said(address))).toMatchObject({ outcome: 'unknown' })
    sim.fault({ status: 200 })
    expect(await netbox.marked('x')).toMatchObject({ outcome: 'unknown' })
  })

  it('a redirect and a full queue are refusals, and nothing that is not reached was done', async () => {
    sim.fault({ status: 301 })
    expect(await netbox.version()).toMatchObject({ outcome: 'rejected', code: 'invalid' })
    sim.fault({ status: 429 })
    expect(await netbox.create(said(address))).toMatchObject({ code: 'busy', retryable: true })
    const gone = await netboxWithField()
    const client = clientOf(gone)
    await gone.close()
    expect(await client.create(said(address))).toMatchObject({ code: 'unreachable', retryable: true })
  })
})

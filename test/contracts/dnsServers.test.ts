import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDnsServer } from '../../src/integrations/dnsServers/client.ts'
import type { DnsServer, DnsServerConnection } from '../../src/integrations/dnsServers/types.ts'
import { networks, sendOutgoing } from '../../src/lib/outgoing.ts'
import { startPowerDns, type PowerDns } from '../support/powerdns.ts'
import { dnsServerContract, valueOf } from './dnsServers.ts'

let folder: string
let pdns: PowerDns
const client = (connection: DnsServerConnection): DnsServer =>
  createDnsServer(
    (request) => sendOutgoing(networks(['127.0.0.0/8']), request),
    { folder, now: () => new Date() },
    connection,
  )
const powerDns = (more: { apiKey?: string; url?: string; serverId?: string } = {}): DnsServer =>
  client({ kind: 'powerdns', url: pdns.url, apiKey: pdns.apiKey, serverId: 'localhost', ...more })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mpanel-zones-'))
  pdns = await startPowerDns()
})
afterAll(async () => {
  await pdns.close()
  await rm(folder, { recursive: true, force: true })
})

it('zone files are not signed here, and say who has to do it', async () => {
  const server = client({ kind: 'zonefiles' })
  expect(await server.sign('a.example.com.')).toMatchObject({ code: 'unsupported' })
  expect(valueOf(await server.keys('a.example.com.'))).toEqual([])
  expect(valueOf(await server.unsign('a.example.com.'))).toBeNull()
})

describe('zone files', () => dnsServerContract(() => client({ kind: 'zonefiles' })))
describe('PowerDNS', () => dnsServerContract(() => powerDns()))

const made = { name: 'one.example.com.', owner: 'a', primary: 'ns1.example.net.', contact: 'h.example.net.' }
const apex = { name: made.name, type: 'NS', ttl: 60, contents: ['ns1.example.net.'] }

describe('a PowerDNS', () => {
  it('that refuses one set of records has changed none of them, and says which', async () => {
    const server = powerDns()
    valueOf(await server.createZone({ ...made, rrsets: [apex] }))
    const before = valueOf(await server.zone(made.name))
    const bad = { name: `bad.${made.name}`, type: 'A', after: { ttl: 60, contents: ['192.0.2.300'] } }
    const good = { name: `good.${made.name}`, type: 'A', after: { ttl: 60, contents: ['192.0.2.3'] } }
    const answer = await server.changeZone(made.name, [good, bad])
    expect(answer).toMatchObject({ outcome: 'rejected', code: 'invalid', retryable: false })
    expect(JSON.stringify(answer)).toContain('bad.one.example.com')
    expect(valueOf(await server.zone(made.name))).toEqual(before)
  })

  it('that does not take the key, has no such server or is not there, says which of these', async () => {
    expect(await powerDns({ apiKey: 'wrong' }).version()).toMatchObject({ code: 'unauthorized' })
    expect(await powerDns({ serverId: 'other' }).version()).toMatchObject({ code: 'missing' })
    await pdns.stop()
    expect(await powerDns().zone(made.name)).toMatchObject({ code: 'unreachable', retryable: true })
    await pdns.start()
    expect(await powerDns({ url: `${pdns.url}/nothing` }).version()).toMatchObject({ outcome: 'rejected' })
  })

  it('signs a zone with keys of its own, keeps them when it is told again, and takes them away', async () => {
    const server = powerDns()
    const { name } = made
    expect(valueOf(await server.keys(name))).toEqual([])
    valueOf(await server.sign(name))
    const [key, ...others] = valueOf(await server.keys(name))
    expect(key).toMatchObject({ flags: 257, algorithm: 13 })
    expect(others).toEqual([])
    valueOf(await server.sign(name))
    expect(valueOf(await server.keys(name))).toEqual([key])
    expect(valueOf(await server.zoneHead(name))).toMatchObject({ signed: true })
    // What signing adds is not a difference.
    expect(valueOf(await server.zone(name))?.rrsets).toEqual([apex])
    valueOf(await server.unsign(name))
    valueOf(await server.unsign(name))
    expect(valueOf(await server.keys(name))).toEqual([])
    expect(await server.sign('not-there.example.com.')).toMatchObject({ code: 'missing' })
  })

  it('whose name was asked for before its zone was made answers for it at once', async () => {
    const name = '0/25.2.0.192.in-addr.arpa.'
    const server = powerDns()
    expect(valueOf(await server.zone(name))).toBeNull()
    valueOf(await server.createZone({ ...made, name, rrsets: [{ ...apex, name }] }))
    expect(valueOf(await server.zone(name))?.rrsets).toHaveLength(1)
    valueOf(await server.removeZone(name))
    expect(valueOf(await server.zoneHead(name))).toBeNull()
  })
})

describe('the folder of zone files', () => {
  it('has a list for BIND, and is refused as unwritable where it cannot be made', async () => {
    const server = client({ kind: 'zonefiles' })
    valueOf(await server.createZone({ ...made, rrsets: [apex] }))
    const file = join(folder, 'one.example.com.zone')
    expect(await readFile(join(folder, 'named.conf'), 'utf8')).toBe(
      `zone "one.example.com" { type primary; file "${file}"; };\n`,
    )
    const nowhere = createDnsServer(
      () => Promise.reject(new Error('not called')),
      { folder: `${file}/below`, now: () => new Date() },
      { kind: 'zonefiles' },
    )
    expect(await nowhere.createZone({ ...made, rrsets: [apex] })).toMatchObject({ code: 'unwritable' })
  })
})

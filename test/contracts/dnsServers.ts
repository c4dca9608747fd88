import { expect, it } from 'vitest'
import type { DnsServer, Rrset } from '../../src/integrations/dnsServers/types.ts'
import type { Outcome } from '../../src/lib/outcome.ts'

export const valueOf = <T>(answer: Outcome<T>): T => {
  if (answer.outcome !== 'ok') throw new Error(JSON.stringify(answer))
  return answer.value
}

const ZONE = 'contract.example.com.'
const at = (label: string): string => `${label}.${ZONE}`
const zone = {
  name: ZONE,
  owner: '0198f2ab-0000-7000-8000-000000000001',
  primary: 'ns1.example.net.',
  contact: 'dns\\.admin.example.net.',
}
const apex: Rrset = { name: ZONE, type: 'NS', ttl: 3_600, contents: ['ns1.example.net.', 'ns2.example.net.'] }

/** One of each kind that servers like to write in a way of their own. */
const VARIETY: Rrset[] = [
  apex,
  { name: ZONE, type: 'CAA', ttl: 300, contents: ['0 issue "letsencrypt.org"'] },
  { name: ZONE, type: 'HTTPS', ttl: 300, contents: ['1 . alpn=h2,h3 ipv4hint=192.0.2.1'] },
  { name: ZONE, type: 'MX', ttl: 300, contents: ['10 mail.example.net.', '20 mail2.example.net.'] },
  {
    name: ZONE,
    type: 'TXT',
    ttl: 300,
    contents: [`"${'a'.repeat(255)}" "b"`, '"v=spf1 -all"', '"\\195\\164; \\"q\\""'],
  },
  { name: at('*'), type: 'A', ttl: 300, contents: ['192.0.2.9'] },
  { name: at('_sip._tcp'), type: 'SRV', ttl: 300, contents: ['1 2 443 sip.example.net.'] },
  { name: at('_443._tcp'), type: 'TLSA', ttl: 300, contents: [`3 1 1 ${'ab'.repeat(32)}`] },
  { name: at('v6'), type: 'AAAA', ttl: 300, contents: ['2001:db8::1'] },
  { name: at('www'), type: 'CNAME', ttl: 300, contents: [ZONE] },
]

/** What holds for each kind of DNS server. Nothing of a server but this zone is touched. */
export function dnsServerContract(serverOf: () => DnsServer): void {
  it('knows no zone that was never made, and removing it is done already', async () => {
    const server = serverOf()
    expect(valueOf(await server.version())).not.toBe('')
    expect(valueOf(await server.zoneHead(ZONE))).toBeNull()
    expect(valueOf(await server.zone(ZONE))).toBeNull()
    expect(valueOf(await server.removeZone(ZONE))).toBeNull()
    expect(await server.changeZone(ZONE, [{ ...apex, after: apex }])).toMatchObject({ code: 'missing' })
  })

  it('gives back a zone as it was made, whose it is, and none a second time', async () => {
    const server = serverOf()
    valueOf(await server.createZone({ ...zone, rrsets: VARIETY }))
    const there = valueOf(await server.zone(ZONE))
    expect(there?.owner).toBe(zone.owner)
    expect(there?.rrsets).toEqual(
      VARIETY.map((one) => ({ ...one, contents: one.contents.toSorted() })).toSorted((a, b) =>
        a.name === b.name ? (a.type < b.type ? -1 : 1) : a.name < b.name ? -1 : 1,
      ),
    )
    const asked = [at('www'), at('none')].map((name) => ({ name, type: 'CNAME' }))
    const some = { ...there, rrsets: there?.rrsets.filter(({ name }) => name === at('www')) }
    expect([some, null]).toContainEqual(valueOf(await server.sets(ZONE, asked)))
    const head = { serial: there?.serial, owner: there?.owner, signed: there?.signed }
    expect(valueOf(await server.zoneHead(ZONE))).toEqual(head)
    expect(valueOf(await server.heads()).get(ZONE)).toMatchObject({
      owner: zone.owner,
      serial: there?.serial,
    })
    expect(await server.createZone({ ...zone, owner: 'other', rrsets: [apex] })).toMatchObject({
      code: 'exists',
    })
    expect(valueOf(await server.zoneHead(ZONE))).toEqual(head)
  })

  it('changes a zone as a whole, a deletion before what takes its place, and the serial rises', async () => {
    const server = serverOf()
    const before = valueOf(await server.zone(ZONE))
    valueOf(
      await server.changeZone(ZONE, [
        { name: at('v6'), type: 'CNAME', after: { ttl: 60, contents: ['elsewhere.example.net.'] } },
        { name: at('v6'), type: 'AAAA', after: null },
        { name: at('not-there'), type: 'A', after: null },
      ]),
    )
    const after = valueOf(await server.zone(ZONE))
    expect(after?.serial).toBeGreaterThan(before?.serial ?? 0)
    expect(after?.rrsets.filter(({ name }) => name === at('v6'))).toEqual([
      { name: at('v6'), type: 'CNAME', ttl: 60, contents: ['elsewhere.example.net.'] },
    ])
    valueOf(await server.changeZone(ZONE, []))
    expect(valueOf(await server.zone(ZONE))).toEqual(after)
  })

  it('is without the zone once that was removed', async () => {
    const server = serverOf()
    valueOf(await server.removeZone(ZONE))
    expect(valueOf(await server.zone(ZONE))).toBeNull()
    expect(valueOf(await server.heads()).has(ZONE)).toBe(false)
  })
}

import * as fc from 'fast-check'
import { expect, it, test } from 'vitest'
import { zoneProblems } from '../../src/lib/dns/checks.ts'
import { canonicalContent, type RecordType } from '../../src/lib/dns/records.ts'
import { readZoneFile, writeZoneFile, type ZoneRecord } from '../../src/lib/dns/zoneFile.ts'

const ZONE = 'example.com.'
const SOA = {
  primary: 'ns1.example.com.',
  contact: 'hostmaster.example.com.',
  serial: 2026112901,
  refresh: 10_800,
  retry: 3_600,
  expire: 604_800,
  minimum: 300,
}
const lines = (text: string, ttl = 300): string[] =>
  readZoneFile(text, ZONE, ttl).records.map((one) => `${one.name} ${one.ttl} ${one.type} ${one.content}`)
const faults = (text: string) => readZoneFile(text, ZONE, 300).faults

it('a zone file as people write them is read: units, brackets, comments, blank names, origins, either order', () => {
  const text = `$TTL 1h30m ; for all
@ IN SOA ns1 hostmaster.example.com. ( 2026112901 ; serial
      3h 1h 1w 5m )
        IN NS ns1
        NS  ns2.example.net.
ns1 600 IN A 192.0.2.1
    IN 600 AAAA 2001:DB8::1
www     CNAME @
*.dev 1D  A 192.0.2.2
text    TXT ( "first; part"
              "second" ) ; end
_sip._tcp SRV 10 20 5060 sip
$ORIGIN sub.example.com.
a       MX 10 mail
_443._tcp.a  TLSA 3 1 1 (
   ${'AB'.repeat(16)}
   ${'CD'.repeat(16)} )
\tHTTPS 1 . alpn="h2,h3"
RRSIG   3600 IN RRSIG A 13 3 600 20261230000000 20261201000000 1 example.com. c2ln
`
  expect(faults(text)).toEqual([])
  expect(lines(text)).toEqual([
    'example.com. 5400 NS ns1.example.com.',
    'example.com. 5400 NS ns2.example.net.',
    'ns1.example.com. 600 A 192.0.2.1',
    'ns1.example.com. 600 AAAA 2001:db8::1',
    'www.example.com. 5400 CNAME example.com.',
    '*.dev.example.com. 86400 A 192.0.2.2',
    'text.example.com. 5400 TXT "first; part" "second"',
    '_sip._tcp.example.com. 5400 SRV 10 20 5060 sip.example.com.',
    'a.sub.example.com. 5400 MX 10 mail.sub.example.com.',
    `_443._tcp.a.sub.example.com. 5400 TLSA 3 1 1 ${'ab'.repeat(16)}${'cd'.repeat(16)}`,
    '_443._tcp.a.sub.example.com. 5400 HTTPS 1 . alpn=h2,h3',
  ])
})

it('without a $TTL the last one holds on, and before the first one that of the zone', () => {
  expect(
    lines('a A 192.0.2.1\nb 60 A 192.0.2.1\nc A 192.0.2.1', 900).map((line) => line.split(' ')[1]),
  ).toEqual(['900', '60', '60'])
})

test.each([
  ['$INCLUDE other.zone', 1, /\$INCLUDE is not carried out/],
  ['$GENERATE 1-9 a$ A 192.0.2.$', 1, /\$GENERATE is not carried out/],
  ['$TTL often', 1, /often is no TTL/],
  ['\n\na CH A 192.0.2.1', 3, /class IN are kept, not CH/],
  ['a LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m', 1, /type LOC cannot be kept/],
  ['a TYPE65534 \\# 1 00', 1, /type TYPE65534 cannot/],
  ['a.example.net. A 192.0.2.1', 1, /outside of the zone/],
  ['a', 1, /type of the record is missing/],
  ['  A 192.0.2.1', 1, /same name as the line before/],
  ['a 4294967295 A 192.0.2.1', 1, /longer than/],
  ['a A ( 192.0.2.1', 1, /bracket is not closed/],
  ['a A 192.0.2.1 )', 1, /brackets do not match/],
  ['a TXT "open', 1, /has no end/],
  ['"a" A 192.0.2.1', 1, /not written as one/],
  ['a b A 192.0.2.1', 1, /type B cannot be kept/],
])('%j is told by its line, and the rest is read', (text, line, message) => {
  const found = readZoneFile(`${text}\n`, ZONE, 300)
  expect(found.faults).toEqual([{ line, message: expect.stringMatching(message) as string }])
  expect(found.records).toEqual([])
})

it('a line that is wrong takes no other line with it, but those that have their name from it', () => {
  const text = 'a A 192.0.2.1\nb! A 192.0.2.2\n  AAAA 2001:db8::1\nc A 192.0.2.3'
  expect(lines(text)).toEqual(['a.example.com. 300 A 192.0.2.1', 'c.example.com. 300 A 192.0.2.3'])
  expect(faults(text).map(({ line }) => line)).toEqual([2, 3])
})

const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9-]{0,8}[a-z0-9])?$/)
const host = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/).map((one) => `${one}.example.net.`)
const content: Record<string, fc.Arbitrary<string>> = {
  A: fc.ipV4(),
  AAAA: fc.ipV6(),
  CNAME: host,
  MX: fc.tuple(fc.nat(65_535), host).map((parts) => parts.join(' ')),
  SRV: fc.tuple(fc.nat(65_535), fc.nat(65_535), fc.nat(65_535), host).map((parts) => parts.join(' ')),
  TXT: fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }).map((text) => `x${text}`),
  CAA: fc.stringMatching(/^[a-z0-9.; =]{1,20}$/).map((text) => `0 issue "${text}"`),
}
const record: fc.Arbitrary<ZoneRecord> = fc
  .constantFrom(...(Object.keys(content) as RecordType[]))
  .chain((type) =>
    fc.record({
      name: label.map((one) => `${one}.${ZONE}`),
      type: fc.constant(type),
      ttl: fc.nat(604_800),
      content: (content[type] ?? host).map((text) => canonicalContent(type, text, ZONE)),
    }),
  )

it('what is written is read again as it was', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30 }), (records) => {
      const read = readZoneFile(writeZoneFile(ZONE, SOA, records, 300), ZONE, 60)
      expect(read).toEqual({ records, faults: [] })
    }),
    { numRuns: 200 },
  )
})

it('whatever a file holds, it is read to its end: nothing but records and faults with their lines', () => {
  const piece = fc.constantFrom(
    'a',
    ' ',
    '\n',
    '(',
    ')',
    ';',
    '"',
    '\\',
    'IN',
    'A',
    '192.0.2.1',
    '$TTL',
    '60',
    '\t',
    'é',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join('')
      const count = text.split('\n').length
      for (const { line } of readZoneFile(text, ZONE, 300).faults) expect(line).toBeLessThanOrEqual(count)
    }),
    { numRuns: 1_000 },
  )
})

const NS = '@ NS ns.example.net.\n'
const problems = (text: string): string[] =>
  zoneProblems(ZONE, readZoneFile(NS + text, ZONE, 300).records).map(
    ({ level, name, type, message }) => `${level} ${name} ${type}: ${message}`,
  )

test.each<[string, RegExp[]]>([
  ['www A 192.0.2.1\nmail A 192.0.2.2\n@ MX 10 mail', []],
  ['a CNAME b.example.net.\na TXT x', [/^error a\..* has TXT beside it/]],
  ['@ CNAME b.example.net.', [/^error .* cannot be a CNAME/, /NS beside it/]],
  ['a CNAME b.example.net.\na CNAME c.example.net.', [/more than one CNAME/]],
  ['a CNAME a', [/CNAME of itself/]],
  ['a A 192.0.2.1\na A 192.0.2.1', [/same A record twice/]],
  ['a 60 A 192.0.2.1\na 70 A 192.0.2.2', [/different TTLs/]],
  ['@ MX 10 mail', [/^warning .* mail\.example\.com\. has no address/]],
  ['@ MX 10 mail\nmail CNAME a.example.net.', [/^error .* is a CNAME, which MX/]],
  ['@ MX 10 mail\n* A 192.0.2.1', []],
  ['@ MX 0 .', []],
  ['sub NS ns.sub', [/^error sub\..* needs an address here \(glue\)/]],
  ['sub NS ns.sub\nns.sub A 192.0.2.1', []],
  [
    'sub NS ns.example.net.\nsub DS 1 13 2 ' + 'ab'.repeat(32) + '\na.sub TXT x',
    [/^warning a\.sub.* delegated/],
  ],
  ['@ TXT "v=spf1 -all"\n@ TXT "v=spf1 mx -all"', [/^warning .* two SPF/]],
])('%j: what is wrong with the records together is said', (text, expected) => {
  const found = problems(text)
  expect(found).toHaveLength(expected.length)
  for (const [index, pattern] of expected.entries()) expect(found[index]).toMatch(pattern)
})

it('a zone without a name server is wrong', () => {
  expect(zoneProblems(ZONE, [])).toMatchObject([{ level: 'error', type: 'NS' }])
})

import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { canonicalName, displayName } from '../../src/lib/dns/names.ts'
import { canonicalContent, RECORD_TYPES, type RecordType } from '../../src/lib/dns/records.ts'

const ZONE = 'example.com.'
const kept = (type: RecordType, text: string): string => canonicalContent(type, text, ZONE)

test.each<[RecordType, string, string]>([
  ['A', '192.0.2.1', '192.0.2.1'],
  ['AAAA', '2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['AAAA', '::ffff:192.0.2.1', '::ffff:c000:201'],
  [
    'CAA',
    '0 Issue "ca.example.net; validationmethods=dns-01"',
    '0 issue "ca.example.net; validationmethods=dns-01"',
  ],
  ['CAA', '128 issue ";"', '128 issue ";"'],
  ['CNAME', 'WWW.Example.net', 'www.example.net.'],
  ['CNAME', '@', 'example.com.'],
  ['CNAME', '_x.example.net.', '_x.example.net.'],
  [
    'DS',
    '2371 13 2 1F987CC6583E92DF 0890718C42D8F5E4 3F1F9F7C1F2A44F0 1E9E1D6E7C7F2F01',
    '2371 13 2 1f987cc6583e92df0890718c42d8f5e43f1f9f7c1f2a44f01e9e1d6e7c7f2f01',
  ],
  ['HTTPS', '1 . ipv4hint=192.0.2.1 alpn="h3,h2"', '1 . alpn=h3,h2 ipv4hint=192.0.2.1'],
  ['HTTPS', '0 cdn.example.net', '0 cdn.example.net.'],
  [
    'SVCB',
    '1 dot.example.net. port=0853 mandatory=port,alpn alpn=dot',
    '1 dot.example.net. mandatory=alpn,port alpn=dot port=853',
  ],
  ['MX', '010 Mail.example.com', '10 mail.example.com.'],
  ['MX', '0 .', '0 .'],
  [
    'NAPTR',
    '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .',
    '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .',
  ],
  ['NS', 'ns1.bücher.example', 'ns1.xn--bcher-kva.example.'],
  ['OPENPGPKEY', 'AAEC AwQF', 'AAECAwQF'],
  ['PTR', 'a/b.example.com.', 'a/b.example.com.'],
  ['SRV', '10 20 5060 sip.example.com', '10 20 5060 sip.example.com.'],
  ['SSHFP', '4 1 0123456789ABCDEF0123456789ABCDEF01234567', '4 1 0123456789abcdef0123456789abcdef01234567'],
  ['TLSA', `3 1 1 ${'AB'.repeat(32)}`, `3 1 1 ${'ab'.repeat(32)}`],
  ['TXT', 'v=DMARC1; p=none', '"v=DMARC1; p=none"'],
  ['TXT', '"one" "two \\"quoted\\" \\195\\188"', '"one" "two \\"quoted\\" \\195\\188"'],
  ['TXT', 'grün', '"gr\\195\\188n"'],
  ['TXT', 'x'.repeat(300), `"${'x'.repeat(255)}" "${'x'.repeat(45)}"`],
  ['URI', '10 1 "https://example.com/a"', '10 1 "https://example.com/a"'],
])('%s %s is kept as %s', (type, text, expected) => {
  expect(kept(type, text)).toBe(expected)
  expect(kept(type, expected), 'what is kept is kept as it is').toBe(expected)
})

test.each<[RecordType, string, RegExp]>([
  ['A', '192.000.002.001', /no IPv4 address/],
  ['A', '192.0.2.1 192.0.2.2', /more than belongs there: 192\.0\.2\.2/],
  ['A', '', /address is missing/],
  ['AAAA', 'fe80::1%eth0', /no IPv6 address/],
  ['CAA', '1 issue "x"', /flags is one of 0, 128/],
  ['CAA', '0 issues "x"', /tag is one of issue,/],
  ['CAA', `0 issue "${'x'.repeat(256)}"`, /longer than 255 bytes/],
  ['CNAME', 'mail', /Write mail in full/],
  ['CNAME', 'a..example.com', /two dots/],
  ['CNAME', '"a.example.com"', /no quotation marks/],
  ['CNAME', 'a\\.b.example.com', /no backslashes/],
  ['CNAME', `${'a'.repeat(64)}.example.com`, /longer than the 63/],
  ['CNAME', `${'abcdefgh.'.repeat(29)}example.com`, /longer than a name/],
  ['CNAME', 'a.*.example.com', /asterisk/],
  ['CNAME', 'a.example.com b', /more than belongs/],
  ['CNAME', 'a.%41.com', /cannot be a part/],
  ['DS', '2371 13 2 abcd', /has 64 hexadecimal digits here, not 4/],
  ['DS', '2371 13 3 abcd', /digest type is one of 1, 2, 4/],
  ['HTTPS', '1 . no-default-alpn', /goes with alpn/],
  ['HTTPS', '1 . mandatory=port alpn=h2', /port is mandatory/],
  ['HTTPS', '1 . alpn=h2 alpn=h3', /there twice/],
  ['HTTPS', '1 . colour=red', /no parameter/],
  ['HTTPS', '1 . port=70000', /up to 65535/],
  ['HTTPS', '1 . ipv4hint=2001:db8::1', /list of IPv4/],
  ['HTTPS', '1 . ipv6hint=192.0.2.1', /list of IPv6/],
  ['HTTPS', '0 . port=443', /is an alias/],
  ['MX', '10 mail_1.example.com', /no name of a host/],
  ['MX', '10 .', /takes no mail/],
  ['MX', 'mail.example.com', /preference is a number/],
  ['NS', '192.0.2.1', /is an address/],
  ['OPENPGPKEY', '!!', /base64/],
  ['SSHFP', '5 1 00', /algorithm is one of/],
  ['TLSA', '3 1 1 zz', /hexadecimal/],
  ['TXT', '"open', /has no end/],
  ['TXT', '"\\999"', /is no byte/],
  ['TXT', '"a\\', /backslash/],
  ['TXT', '', /text is missing/],
  ['TXT', 'x'.repeat(4_001), /longer than 4000/],
  ['URI', '1 1 a;b', /quotation marks/],
])('%s %s is refused: %s', (type, text, why) => {
  expect(() => kept(type, text)).toThrow(why)
})

describe('names', () => {
  it('are kept in full, in lower case and as A-labels, and shown as people write them', () => {
    expect(canonicalName('WWW', ZONE, 'relative')).toBe('www.example.com.')
    expect(canonicalName('*.Bücher', ZONE, 'relative')).toBe('*.xn--bcher-kva.example.com.')
    expect(displayName('*.xn--bcher-kva.example.com.')).toBe('*.bücher.example.com')
  })

  it('are never taken for something else: what is kept has only what a zone may hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        let name: string
        try {
          name = canonicalName(text, ZONE, 'relative')
        } catch (error) {
          expect((error as Error).constructor.name).toBe('DnsError')
          return
        }
        expect(name).toMatch(/^(?:\*\.)?(?:[a-z0-9_/-]{1,63}\.)+$|^\.$/)
        expect(canonicalName(name, 'other.example.', 'relative')).toBe(name)
      }),
      { numRuns: 500 },
    )
  })
})

it('any text stays the same bytes, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 600 }), (text) => {
      const wanted = Buffer.from(`x${text}x`, 'utf8')
      const content = kept('TXT', `x${text}x`)
      const bytes = [...content.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner = '']) =>
        inner.replace(/\\(\d{3}|.)/g, (_, one: string) =>
          one.length === 3 ? String.fromCharCode(Number(one)) : one,
        ),
      )
      expect(bytes.every((piece) => piece.length <= 255)).toBe(true)
      expect(Buffer.from(bytes.join(''), 'latin1').equals(wanted)).toBe(true)
      expect(kept('TXT', content)).toBe(content)
    }),
    { numRuns: 300 },
  )
})

it('whatever is written, a type keeps it in one form or says in a sentence what is wrong', () => {
  fc.assert(
    fc.property(fc.constantFrom(...RECORD_TYPES), fc.string({ maxLength: 60 }), (type, text) => {
      let content: string
      try {
        content = kept(type, text)
      } catch (error) {
        expect((error as Error).constructor.name).toBe('DnsError')
        expect((error as Error).message).toMatch(/[.:]$|\d$|example\.com\.$/)
        return
      }
      expect(kept(type, content)).toBe(content)
    }),
    { numRuns: 2_000 },
  )
})

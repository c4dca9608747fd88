import { expect, it, test } from 'vitest'
import { mailboxOf, reversePlace } from '../../src/lib/dns/reverse.ts'

test.each([
  ['192.0.2.17', 24, '2.0.192.in-addr.arpa.', '17.2.0.192.in-addr.arpa.'],
  ['198.51.100.9', 22, '100.51.198.in-addr.arpa.', '9.100.51.198.in-addr.arpa.'],
  ['198.51.100.9', 16, '51.198.in-addr.arpa.', '9.100.51.198.in-addr.arpa.'],
  ['192.0.2.75', 26, '64/26.2.0.192.in-addr.arpa.', '75.64/26.2.0.192.in-addr.arpa.'],
  ['192.0.2.75', 32, '2.0.192.in-addr.arpa.', '75.2.0.192.in-addr.arpa.'],
  ['2001:db8::1', 32, '8.b.d.0.1.0.0.2.ip6.arpa.', `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa.`],
  [
    '2001:db8:0:12::1',
    62,
    '2.1.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.',
    `1.${'0.'.repeat(15)}2.1.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.`,
  ],
  ['::1', 128, `${'0.'.repeat(31)}ip6.arpa.`, `1.${'0.'.repeat(31)}ip6.arpa.`],
])('the reverse name of %s in a /%i stands in %s', (address, prefix, zone, name) => {
  expect(reversePlace(address, prefix)).toEqual({ zone, name })
})

it('a contact’s address is a mailbox of which the dots before the at sign are no borders', () => {
  expect(mailboxOf('dns.team@Example.com')).toBe('dns\\.team.example.com.')
})

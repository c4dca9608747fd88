import { expect, test } from 'vitest'
import { likesOf, networkOf, searchTerms } from '../../src/lib/searchTerms.ts'

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['192.0.2.0/24', '192.0.2.0/24'],
  ['192.0.2.', '192.0.2.0/24'],
  ['192.0', '192.0.0.0/16'],
  ['2001:db8::1', '2001:db8::1'],
  ['2001:db8::/32', '2001:db8::/32'],
  ['2001:db8:', '2001:db8::/32'],
  ['2001:db8::', '2001:db8::'],
  ['192.0.2.7/33', null],
  ['192.0.2.7/8/8', null],
  ['300.1', null],
  ['192', null],
  ['2001:db8::/129', null],
  ['fe80::1%eth0', null],
  ['::::', null],
  ['gggg:', null],
  ['web1.example.com', null],
])('%s means the network %s', (typed, network) => {
  expect(networkOf(typed)).toBe(network)
})

test('a word too short for an index is looked for at the beginning of words, a longer one anywhere', () => {
  expect(likesOf('ab abc 50% a_b & @x')).toEqual(['% ab%', '%abc%', '% 50\\%%', '% a\\_b%', '%@x%'])
  expect(likesOf('... & --')).toEqual([])
})

test('numbers and ids are not looked for with other spellings', () => {
  expect(searchTerms('anna muler').similar).toEqual(['anna', 'muler'])
  expect(searchTerms('shopp1.example.com anna.muler@example.com').similar).toEqual([
    'shopp',
    'example',
    'anna',
    'muler',
  ])
  expect(searchTerms('anna 12345').similar).toEqual([])
  expect(searchTerms(' 12345 ')).toMatchObject({ text: '12345', number: 12345, network: null })
  expect(searchTerms('018C0a8e-2528-7000-8027-717e391e440b').id).toBe('018c0a8e-2528-7000-8027-717e391e440b')
})

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, canonicalText } from '../../src/lib/canonicalJson.ts'

/** JSON as PostgreSQL writes it: a blank behind each comma and colon. */
const spaced = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  return `{${Object.entries(value)
    .toReversed()
    .map(([key, inner]) => `${JSON.stringify(key)}: ${spaced(inner)}`)
    .join(', ')}}`
}

test('text and value of the same JSON have the same canonical form, whatever the keys and strings hold', () => {
  fc.assert(
    fc.property(fc.jsonValue({ depthSize: 'medium' }), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as unknown
      expect(canonicalText(spaced(plain))).toBe(canonicalJson(plain))
      expect(canonicalText(JSON.stringify(plain))).toBe(canonicalJson(plain))
    }),
  )
})

test('numbers that JavaScript cannot tell apart stay apart', () => {
  expect(canonicalText('[1152921504606846976, 1152921504606846977, 1.0, 1]')).toBe(
    '[1152921504606846976,1152921504606846977,1.0,1]',
  )
})

test.each(['', '{', '{"a"}', '[1', '"a', '{"a": }', '[1]2', '[1}'])('%s is no JSON', (text) => {
  expect(() => canonicalText(text)).toThrow(SyntaxError)
})

import * as fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSealer, isLost, LOST, randomToken, SecretLost, sha256 } from '../../src/lib/crypto.ts'

const sealer = createSealer(randomBytes(32))

test('what was sealed is opened by the same key and purpose, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), fc.string(), (secret, purpose) => {
      expect(sealer.open(sealer.seal(secret, purpose), purpose)).toBe(secret)
    }),
  )
})

test('the same secret never looks the same twice, and never shows', () => {
  const sealed = Array.from({ length: 200 }, () => sealer.seal('the token of the cluster', 'cluster:1'))
  expect(new Set(sealed.map((one) => one.toString('hex'))).size).toBe(200)
  expect(new Set(sealed.map((one) => one.subarray(0, 12).toString('hex'))).size).toBe(200)
  for (const one of sealed) expect(one.includes('token')).toBe(false)
})

test('a sealed secret cannot be opened for another purpose', () => {
  const sealed = sealer.seal('secret', 'cluster:1')
  for (const purpose of ['cluster:2', 'cluster:', '', 'Cluster:1'])
    expect(() => sealer.open(sealed, purpose)).toThrow()
})

test('a sealed secret cannot be opened by another key', () => {
  const sealed = sealer.seal('secret', 'cluster:1')
  expect(() => createSealer(randomBytes(32)).open(sealed, 'cluster:1')).toThrow()
})

test('one changed bit anywhere is noticed', () => {
  const sealed = sealer.seal('secret', 'cluster:1')
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(() => sealer.open(changed, 'cluster:1'), `bit ${bit}`).toThrow()
  }
})

test('a sealed secret that was cut or lengthened is refused', () => {
  const sealed = sealer.seal('secret', 'cluster:1')
  for (let length = 0; length < sealed.length; length++) {
    expect(() => sealer.open(sealed.subarray(0, length), 'cluster:1'), `${length} bytes`).toThrow()
  }
  expect(() => sealer.open(Buffer.concat([sealed, Buffer.from([0])]), 'cluster:1')).toThrow()
})

test.each([0, 16, 31, 33])('a key of %i bytes is refused', (length) => {
  expect(() => createSealer(randomBytes(length))).toThrow('32 bytes')
})

test('tokens are of the asked length and never repeat', () => {
  const tokens = Array.from({ length: 1_000 }, () => randomToken())
  expect(new Set(tokens).size).toBe(1_000)
  for (const token of tokens) expect(token).toMatch(/^[\w-]{43}$/)
  expect(sha256('abc').toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

test('what is marked as lost is told apart from what another key has sealed', () => {
  expect(sealer.under(LOST, 'cluster:1')).toBe('lost')
  expect(isLost(Buffer.from('lost'))).toBe(true)
  expect([isLost(null), isLost(sealer.seal('lost', 'cluster:1'))]).toEqual([false, false])
  expect(() => sealer.open(LOST, 'cluster:1')).toThrow(SecretLost)
})

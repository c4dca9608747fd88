import { expect, it } from 'vitest'
import { isNextSerial, nextSerial } from '../../src/lib/dns/serial.ts'

const at = new Date('2026-11-30T12:00:00Z')

it('a serial is the day and a number, and rises with each change', () => {
  expect(nextSerial(0, at)).toBe(2026113001)
  expect(nextSerial(2026113001, at)).toBe(2026113002)
  expect(nextSerial(2030010101, at)).toBe(2030010102)
})

it('one change is told from none and from two, also where a day has begun between', () => {
  expect(isNextSerial(2026113005, 2026113006, at)).toBe(true)
  expect(isNextSerial(2026112905, 2026113001, at)).toBe(true)
  // In the east it is tomorrow already.
  expect(isNextSerial(2026113005, 2026120101, at)).toBe(true)
  expect(isNextSerial(2026113005, 2026113005, at)).toBe(false)
  expect(isNextSerial(2026113005, 2026113007, at)).toBe(false)
  expect(isNextSerial(2026112905, 2026113002, at)).toBe(false)
  // A server that counts seconds.
  expect(isNextSerial(1764504000, 1764504060, at)).toBe(false)
})

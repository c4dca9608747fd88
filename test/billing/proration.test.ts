import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { mulDiv } from '../../src/lib/money.ts'
import { addDays, daysBetween } from '../../src/lib/period.ts'
import { leftFrom } from '../../src/services/billing/proration.ts'

const anyPeriod = fc.record({
  from: fc
    .date({ min: new Date('2024-01-01'), max: new Date('2029-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  length: fc.integer({ min: 1, max: 800 }),
})
const anyPrice = fc.bigInt({ min: 0n, max: 10n ** 15n })

test('what is left of a price is counted by days, the day itself being left, and half a unit goes to what is used', () => {
  const january = { from: '2027-01-01', to: '2027-02-01' }
  expect(leftFrom('2027-01-01', january, 499n)).toBe(499n)
  // 499 · 9 / 31 = 144.87
  expect(leftFrom('2027-01-10', january, 499n)).toBe(354n)
  expect(leftFrom('2027-01-31', january, 499n)).toBe(16n)
  expect(leftFrom('2027-01-02', { from: '2027-01-01', to: '2027-01-03' }, 5n)).toBe(2n)
  expect([mulDiv(5n, 1n, 2n), mulDiv(-5n, 1n, 2n), mulDiv(4n, 1n, 3n), mulDiv(-4n, 1n, 3n)]).toEqual([
    3n,
    -3n,
    1n,
    -1n,
  ])
})

test('however a period is cut, the pieces sum to its price, none is negative, and each is within a unit of its share', () => {
  fc.assert(
    fc.property(
      anyPeriod,
      anyPrice,
      fc.array(fc.nat(800), { maxLength: 6 }),
      ({ from, length }, price, at) => {
        const period = { from, to: addDays(from, length) }
        const cuts = [...new Set([0, ...at.map((one) => one % length)])].toSorted((one, other) => one - other)
        const left = [...cuts.map((cut) => leftFrom(addDays(from, cut), period, price)), 0n]
        const pieces = cuts.map((_, index) => (left[index] ?? 0n) - (left[index + 1] ?? 0n))
        expect(pieces.reduce((sum, piece) => sum + piece, 0n)).toBe(price)
        pieces.forEach((piece, index) => {
          const days = BigInt((cuts[index + 1] ?? length) - (cuts[index] ?? 0))
          const off = piece * BigInt(length) - price * days
          expect(piece >= 0n && (off < 0n ? -off : off) <= BigInt(length)).toBe(true)
        })
        expect(daysBetween(period.from, period.to)).toBe(length)
      },
    ),
    { numRuns: 300 },
  )
})

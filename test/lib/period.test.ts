import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { localDate, period, type Interval } from '../../src/lib/period.ts'

const ZONES = [
  'UTC',
  'Europe/Rome',
  'America/New_York',
  'America/Santiago',
  'Africa/Cairo',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kiritimati',
]
const INTERVALS: Interval[] = ['day', 'week', 'month', 'year']
const DAY_MS = 86_400_000
const dates = (anchor: string, interval: Interval, count: number, periods: number, zone = 'UTC'): string[] =>
  Array.from({ length: periods }, (_, index) =>
    localDate(period(anchor, zone, interval, count, index).start, zone),
  )

test.each<[string, Interval, number, string[]]>([
  ['2026-01-31', 'month', 1, ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30', '2026-05-31']],
  ['2028-01-31', 'month', 1, ['2028-01-31', '2028-02-29', '2028-03-31']],
  ['2026-01-30', 'month', 1, ['2026-01-30', '2026-02-28', '2026-03-30']],
  ['2024-02-29', 'year', 1, ['2024-02-29', '2025-02-28', '2026-02-28', '2027-02-28', '2028-02-29']],
  ['2025-11-30', 'month', 3, ['2025-11-30', '2026-02-28', '2026-05-30', '2026-08-30']],
  ['2026-12-31', 'month', 1, ['2026-12-31', '2027-01-31', '2027-02-28']],
  ['2024-02-28', 'day', 1, ['2024-02-28', '2024-02-29', '2024-03-01']],
  ['2026-12-28', 'week', 2, ['2026-12-28', '2027-01-11', '2027-01-25']],
])('a contract of %s by the %s (%i) goes on at %j', (anchor, interval, count, expected) => {
  for (const zone of ZONES)
    expect(dates(anchor, interval, count, expected.length, zone), zone).toEqual(expected)
})

const hours = (anchor: string, zone: string): number => {
  const { start, end } = period(anchor, zone, 'day', 1, 0)
  return (end.getTime() - start.getTime()) / 3_600_000
}

test('a period lasts as long as its local days do: an hour less in spring, an hour more in autumn', () => {
  expect(hours('2026-03-29', 'Europe/Rome')).toBe(23)
  expect(hours('2026-10-25', 'Europe/Rome')).toBe(25)
  expect(hours('2026-03-30', 'Europe/Rome')).toBe(24)
  expect(hours('2026-04-05', 'Australia/Lord_Howe')).toBe(24.5)
  // Here midnight itself does not exist on the day on which the clocks go forward.
  expect(hours('2026-04-24', 'Africa/Cairo')).toBe(23)
})

describe.each(ZONES)('in %s', (zone) => {
  test('every day from 2024 to 2032 is followed by the next without gap or overlap, for every interval', () => {
    const first = Date.UTC(2024, 0, 1)
    const last = Date.UTC(2032, 11, 31)
    for (let at = first; at <= last; at += DAY_MS) {
      const anchor = new Date(at).toISOString().slice(0, 10)
      const { start, end } = period(anchor, zone, 'day', 1, 0)
      expect(localDate(start, zone)).toBe(anchor)
      expect(localDate(new Date(end.getTime() - 1), zone)).toBe(anchor)
      expect(localDate(end, zone)).toBe(new Date(at + DAY_MS).toISOString().slice(0, 10))
    }
  })
})

test('the periods of any contract touch each other, grow, and begin at midnight of their place', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('2024-01-01'), max: new Date('2032-12-31'), noInvalidDate: true }),
      fc.constantFrom(...ZONES),
      fc.constantFrom(...INTERVALS),
      fc.integer({ min: 1, max: 13 }),
      fc.integer({ min: 0, max: 60 }),
      (date, zone, interval, count, index) => {
        const anchor = date.toISOString().slice(0, 10)
        const one = period(anchor, zone, interval, count, index)
        const next = period(anchor, zone, interval, count, index + 1)
        expect(next.start.getTime()).toBe(one.end.getTime())
        expect(one.end.getTime()).toBeGreaterThan(one.start.getTime())
        expect(localDate(new Date(one.start.getTime() - 1), zone) < localDate(one.start, zone)).toBe(true)
        if (index === 0) expect(localDate(one.start, zone)).toBe(anchor)
        if (interval === 'month' || interval === 'year') {
          const wanted = Number(anchor.slice(8))
          const [year = 0, month = 0, day = 0] = localDate(one.start, zone).split('-').map(Number)
          expect(day).toBe(Math.min(wanted, new Date(Date.UTC(year, month, 0)).getUTCDate()))
        }
      },
    ),
    { numRuns: 500 },
  )
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instantOf, localDate, type Interval } from '../../src/lib/period.ts'
import { boundary, type Contract, type Terms } from '../../src/services/billing/contractPeriods.ts'
import { calendar } from '../../src/services/billing/calendar.ts'
import { dueDate, nextStep } from '../../src/services/billing/schedule.ts'

const ZONES = ['UTC', 'Europe/Rome', 'America/New_York', 'Asia/Kathmandu', 'Africa/Cairo', 'Pacific/Apia']
const FOUR_YEARS = 4 * 366

/** Calendar days as numbers, by the schoolbook and without any library of dates. */
const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
const lengthOf = (year: number, month: number): number =>
  [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0
function plusDays(date: string, days: number): string {
  let [year = 0, month = 0, day = 0] = date.split('-').map(Number)
  for (; days > 0; days--)
    if (++day > lengthOf(year, month))
      [year, month, day] = month === 12 ? [year + 1, 1, 1] : [year, month + 1, 1]
  for (; days < 0; days++)
    if (--day < 1) {
      ;[year, month] = month === 1 ? [year - 1, 12] : [year, month - 1]
      day = lengthOf(year, month)
    }
  return text(year, month, day)
}
const text = (year: number, month: number, day: number): string =>
  `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
function beginOf(anchor: string, interval: Interval, count: number, index: number): string {
  const [year = 0, month = 0, day = 0] = anchor.split('-').map(Number)
  if (interval === 'day' || interval === 'week')
    return plusDays(anchor, index * count * (interval === 'week' ? 7 : 1))
  const months = month - 1 + index * count * (interval === 'year' ? 12 : 1)
  const [y, m] = [year + Math.floor(months / 12), (months % 12) + 1]
  return text(y, m, Math.min(day, lengthOf(y, m)))
}

const contract = (of: Partial<Contract> = {}): Contract => ({
  state: 'active',
  planId: 'plan',
  discount: null,
  trial: null,
  anchor: '2026-01-31',
  begins: null,
  movedDays: 0,
  pause: null,
  timeZone: 'UTC',
  interval: 'month',
  intervalCount: 1,
  unitMinor: 499n,
  addonsMinor: 0n,
  change: null,
  creditMinor: 0n,
  periodNo: 0,
  periodsBilled: 1,
  cancelAt: null,
  holdUntil: null,
  notifiedAt: null,
  finalWarnedAt: null,
  isProtected: false,
  due: [],
  ...of,
})
const TERMS: Terms = {
  leadDays: 7,
  termDays: 14,
  remindAfterDays: [3, 7],
  suspendAfterDays: 14,
  terminateAfterDays: 30,
}
const after = (date: string, days: number): Date =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000)

/** What is planned, each with its day. */
const daysOf = (of: Contract, terms: Terms, options: { paid: boolean; days?: number; now?: Date }) => {
  const now = options.now ?? instantOf(of.anchor, of.timeZone)
  const until = after(of.anchor, options.days ?? FOUR_YEARS)
  return calendar(of, terms, { now, until, paid: options.paid, limit: 10_000 })
}
const shown = (planned: ReturnType<typeof daysOf>) =>
  planned.map(({ what, at, before }) => `${localDate(at, before.timeZone)} ${what}`)

const anyContract = fc.record({
  date: fc.date({ min: new Date('2024-01-01'), max: new Date('2028-12-31'), noInvalidDate: true }),
  timeZone: fc.constantFrom(...ZONES),
  terms: fc.oneof(
    fc.record({
      interval: fc.constantFrom<Interval>('month', 'year'),
      intervalCount: fc.integer({ min: 1, max: 14 }),
    }),
    fc.record({ interval: fc.constant<Interval>('week'), intervalCount: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ interval: fc.constant<Interval>('day'), intervalCount: fc.integer({ min: 7, max: 90 }) }),
  ),
  leadDays: fc.integer({ min: 0, max: 60 }),
})

test('four years of any contract are billed as a calculation by hand says: every day once, each invoice on its day, due with its period', () => {
  fc.assert(
    fc.property(anyContract, ({ date, timeZone, terms, leadDays }) => {
      const anchor = date.toISOString().slice(0, 10)
      const of = contract({ anchor, timeZone, ...terms })
      const day = (at: Date) => localDate(at, timeZone)
      const planned = daysOf(of, { ...TERMS, leadDays }, { paid: true })
      const begin = (index: number) => beginOf(anchor, terms.interval, terms.intervalCount, index)
      const last = plusDays(anchor, FOUR_YEARS - 2)
      const expected: string[] = []
      for (let index = 1; ; index++) {
        const early = plusDays(begin(index), -leadDays)
        const issued = early > begin(index - 1) ? early : begin(index - 1)
        if (issued > last) break
        expected.push(`${issued}: ${begin(index)} to ${begin(index + 1)}, due ${begin(index)}`)
      }
      const bills = planned.filter(({ what, at }) => what === 'bill' && day(at) <= last)
      expect(
        bills.map(({ at, before }) => {
          const [from, to] = [before.periodsBilled, before.periodsBilled + 1].map((index) =>
            boundary(before, index),
          )
          return `${day(at)}: ${day(from ?? at)} to ${day(to ?? at)}, due ${dueDate(before, { ...TERMS, leadDays }, at)}`
        }),
      ).toEqual(expected)
      const begun = planned.filter(({ what }) => what === 'advance')
      expect(begun.map(({ at }) => day(at))).toEqual(begun.map((_, index) => begin(index + 1)))
    }),
    { numRuns: 250 },
  )
})

test('what is not paid is told, switched off, told for the last time and ended on the days that the policy says', () => {
  fc.assert(
    fc.property(
      anyContract,
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 3, max: 90 }),
      fc.array(fc.integer({ min: 2, max: 59 }), { maxLength: 3 }),
      ({ date, timeZone, terms, leadDays }, suspendAfterDays, more, reminders) => {
        const anchor = date.toISOString().slice(0, 10)
        const remindAfterDays = [...new Set(reminders)]
          .filter((days) => days < suspendAfterDays)
          .toSorted((one, other) => one - other)
        const policy = {
          leadDays,
          termDays: 14,
          remindAfterDays,
          suspendAfterDays,
          terminateAfterDays: suspendAfterDays + more,
        }
        const of = contract({ anchor, timeZone, ...terms })
        const due = beginOf(anchor, terms.interval, terms.intervalCount, 1)
        // A suspension is at least a day after the first notice, which is sent on the day after the due date.
        const suspended = Math.max(suspendAfterDays, 2)
        const ended = Math.max(suspendAfterDays + more, suspended + 3)
        const planned = shown(daysOf(of, policy, { paid: false, days: 20_000 }))
        expect(planned.filter((line) => !/bill|advance/.test(line))).toEqual([
          `${plusDays(due, 1)} overdue`,
          ...remindAfterDays.map((days) => `${plusDays(due, days)} remind`),
          `${plusDays(due, suspended)} suspend`,
          `${plusDays(due, ended - 3)} warn`,
          `${plusDays(due, ended)} terminate`,
        ])
      },
    ),
    { numRuns: 200 },
  )
})

describe('a contract', () => {
  test('goes on at the month’s end from its first day, not from the last clipped one', () => {
    expect(shown(daysOf(contract(), TERMS, { paid: true, days: 100 }))).toEqual([
      '2026-02-21 bill',
      '2026-02-28 advance',
      '2026-03-24 bill',
      '2026-03-31 advance',
      '2026-04-23 bill',
      '2026-04-30 advance',
    ])
  })

  test('of a day is billed a day ahead, however long the lead is', () => {
    const of = contract({ interval: 'day', anchor: '2026-03-01' })
    expect(shown(daysOf(of, TERMS, { paid: true, days: 1 }))).toEqual([
      '2026-03-01 bill',
      '2026-03-02 bill',
      '2026-03-02 advance',
    ])
  })

  test('that was cancelled is not billed for what comes after its end', () => {
    const of = contract({ cancelAt: new Date('2026-02-28T00:00:00Z') })
    expect(shown(daysOf(of, TERMS, { paid: true }))).toEqual(['2026-02-28 end'])
  })

  test('that is held is billed on, and after the hold everything is told anew, a day before anything is done', () => {
    const of = contract({
      state: 'grace',
      due: ['2026-02-10'],
      holdUntil: new Date('2026-04-01T12:00:00Z'),
      interval: 'year',
    })
    const now = new Date('2026-03-01T00:00:00Z')
    expect(shown(daysOf(of, TERMS, { paid: false, now, days: 90 }))).toEqual([
      '2026-04-01 release',
      '2026-04-01 remind',
      '2026-04-02 suspend',
      '2026-04-02 warn',
      '2026-04-05 terminate',
    ])
  })

  test('that nobody looked at for long is neither switched off nor ended without having been told in time', () => {
    const of = contract({ due: ['2026-02-28'], interval: 'year' })
    const now = new Date('2026-06-01T15:00:00Z')
    const planned = daysOf(of, TERMS, { paid: false, now, days: 200 })
    expect(planned.map(({ what, at }) => `${at.toISOString().slice(0, 13)} ${what}`)).toEqual([
      '2026-06-01T15 overdue',
      '2026-06-02T15 suspend',
      '2026-06-02T15 warn',
      '2026-06-05T15 terminate',
    ])
  })

  test('whose pod is protected is switched off, but not ended', () => {
    const of = contract({ state: 'suspended', due: ['2026-02-10'], interval: 'year', isProtected: true })
    const now = new Date('2026-03-20T00:00:00Z')
    expect(daysOf(of, TERMS, { paid: false, days: 200, now })).toEqual([])
  })

  test('by a policy of never is only told', () => {
    const policy = { ...TERMS, suspendAfterDays: null, terminateAfterDays: null }
    const of = contract({ due: ['2026-02-10'], interval: 'year' })
    expect(shown(daysOf(of, policy, { paid: false, days: 300 }))).toEqual([
      '2026-02-11 overdue',
      '2026-02-13 remind',
      '2026-02-17 remind',
    ])
  })

  test('is settled as soon as nothing is overdue, also while it is held', () => {
    const now = new Date('2026-02-10T10:00:00Z')
    const of = contract({
      state: 'suspended',
      due: ['2026-02-10'],
      holdUntil: new Date('2026-05-01T00:00:00Z'),
    })
    expect(nextStep(of, TERMS, now)).toEqual({ what: 'settle', at: now })
    expect(nextStep({ ...of, due: ['2026-02-09'] }, TERMS, now)?.what).not.toBe('settle')
  })

  test('that is billed late gives as much time to pay as always', () => {
    expect(dueDate(contract(), TERMS, new Date('2026-02-21T08:00:00Z'))).toBe('2026-02-28')
    expect(dueDate(contract(), TERMS, new Date('2026-03-20T08:00:00Z'))).toBe('2026-03-27')
  })
})

import { Temporal } from 'temporal-polyfill'

export type Interval = 'day' | 'week' | 'month' | 'year'

const UNIT: Record<Interval, 'days' | 'weeks' | 'months' | 'years'> = {
  day: 'days',
  week: 'weeks',
  month: 'months',
  year: 'years',
}

/** The calendar date of an instant in a time zone, as `YYYY-MM-DD`. */
export const localDate = (at: Date, timeZone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone).toPlainDate().toString()

const plainDate = (date: string): Temporal.PlainDate => Temporal.PlainDate.from(date)

/** The first instant of a calendar date in a time zone, or a full hour of it. */
export const instantOf = (date: string, timeZone: string, hour = 0): Date =>
  new Date(
    plainDate(date).toZonedDateTime({ timeZone, ...(hour > 0 && { plainTime: { hour } }) }).epochMilliseconds,
  )

export const addDays = (date: string, days: number): string => plainDate(date).add({ days }).toString()

/** How many days later `to` is than `from`; negative when it is earlier. */
export const daysBetween = (from: string, to: string): number => plainDate(from).until(plainDate(to)).days

/**
 * The first day of period `index` (from 0) of a contract: counted from the original anchor and clipped to the month's end, so
 * that 31 January is followed by 28 February and then 31 March.
 */
export const firstDay = (anchor: string, interval: Interval, count: number, index: number): string =>
  plainDate(anchor)
    .add({ [UNIT[interval]]: index * count }, { overflow: 'constrain' })
    .toString()

/** Period `index` of a contract: half-open, from local midnight to local midnight. */
export const period = (
  anchor: string,
  timeZone: string,
  interval: Interval,
  count: number,
  index: number,
): { start: Date; end: Date } => ({
  start: instantOf(firstDay(anchor, interval, count, index), timeZone),
  end: instantOf(firstDay(anchor, interval, count, index + 1), timeZone),
})

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

/**
 * Period `index` (from 0) of a contract: counted from the original anchor and clipped to the month's end, so that
 * 31 January is followed by 28 February and then 31 March. Half-open, from local midnight to local midnight.
 */
export function period(
  anchor: string,
  timeZone: string,
  interval: Interval,
  count: number,
  index: number,
): { start: Date; end: Date } {
  return { start: boundary(index), end: boundary(index + 1) }

  function boundary(k: number): Date {
    const date = Temporal.PlainDate.from(anchor).add(
      { [UNIT[interval]]: k * count },
      { overflow: 'constrain' },
    )
    return new Date(date.toZonedDateTime(timeZone).epochMilliseconds)
  }
}

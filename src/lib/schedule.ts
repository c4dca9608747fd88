import { Temporal } from 'temporal-polyfill'

/** Something that recurs at an hour of a time zone. `weekday` (1 is Monday) counts when weekly. */
export type Recurrence = {
  frequency: 'daily' | 'weekly'
  weekday: number
  hour: number
  minute: number
  timeZone: string
}

const localOf = (at: Date, timeZone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone)

/**
 * The next time after `after`. An hour that a change of the clocks leaves out comes as much later; one that comes twice
 * is taken the first time.
 */
export function nextRun({ frequency, weekday, hour, minute, timeZone }: Recurrence, after: Date): Date {
  const local = localOf(after, timeZone)
  const every = frequency === 'daily' ? 1 : 7
  const days = frequency === 'daily' ? 0 : (weekday - local.dayOfWeek + 7) % 7
  for (let date = local.toPlainDate().add({ days }); ; date = date.add({ days: every })) {
    const at = date.toZonedDateTime({ timeZone, plainTime: new Temporal.PlainTime(hour, minute) })
    if (at.epochMilliseconds > after.getTime()) return new Date(at.epochMilliseconds)
  }
}

export type Retention = { keepLast: number; keepDaily: number; keepWeekly: number }

type Dated = { id: string; at: Date }

/**
 * Which of these are kept: the newest so many, and of each of the last so many days and weeks that have one the newest.
 */
export function kept(
  things: readonly Dated[],
  { keepLast, keepDaily, keepWeekly }: Retention,
  timeZone: string,
): Set<string> {
  const newestFirst = things.toSorted((a, b) => b.at.getTime() - a.at.getTime())
  const day = ({ at }: Dated): string => localOf(at, timeZone).toPlainDate().toString()
  const week = ({ at }: Dated): string => {
    const { yearOfWeek, weekOfYear } = localOf(at, timeZone)
    return `${yearOfWeek}-${weekOfYear}`
  }
  const newestOfEach = (periodOf: (thing: Dated) => string, count: number): Dated[] => {
    const found = new Map<string, Dated>()
    for (const thing of newestFirst) if (!found.has(periodOf(thing))) found.set(periodOf(thing), thing)
    return [...found.values()].slice(0, count)
  }
  const all = [
    ...newestFirst.slice(0, keepLast),
    ...newestOfEach(day, keepDaily),
    ...newestOfEach(week, keepWeekly),
  ]
  return new Set(all.map(({ id }) => id))
}

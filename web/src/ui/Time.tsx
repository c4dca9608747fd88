const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const dayOnly = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

const UNITS: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]

function ago(at: Date): string {
  const seconds = Math.round((at.getTime() - Date.now()) / 1000)
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1]
  return relative.format(Math.trunc(seconds / size), unit)
}

/** An instant in the viewer's zone, UTC in the title. `relative` adds how long ago. */
export function Time({ at, relative: withAgo = false }: { at: string | null; relative?: boolean }) {
  if (at === null) return <>—</>
  const date = new Date(at)
  return (
    <time dateTime={at} title={`${date.toISOString().replace('T', ' ').slice(0, 19)} UTC`}>
      {withAgo && Math.abs(Date.now() - date.getTime()) < 7 * 86_400_000 ? ago(date) : absolute.format(date)}
    </time>
  )
}

/** A calendar date (`2026-11-22`), which has no zone. */
export function Day({ date }: { date: string | null }) {
  if (date === null) return <>—</>
  return <time dateTime={date}>{dayOnly.format(new Date(`${date.slice(0, 10)}T00:00:00Z`))}</time>
}

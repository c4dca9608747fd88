import { locale } from '../lib/language.ts'
import { nowMs } from '../lib/now.ts'
import { useSyncExternalStore } from 'react'

const absolute = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
const dayOnly = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })

const UNITS: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]

function ago(at: Date, now: number): string {
  const seconds = Math.round((at.getTime() - now) / 1000)
  // Clocks differ a little: what has just happened must not seem to lie ahead.
  if (Math.abs(seconds) < 5) return relative.format(0, 'second')
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1]
  return relative.format(Math.trunc(seconds / size), unit)
}

const TICK_MS = 5000
const listeners = new Set<() => void>()
let now = nowMs()
setInterval(() => {
  now = nowMs()
  for (const listener of listeners) listener()
}, TICK_MS)

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** An instant in the viewer's zone, UTC in the title. `relative` adds how long ago. */
export function Time({ at, relative: withAgo = false }: { at: string | null; relative?: boolean }) {
  const current = useSyncExternalStore(subscribe, () => now)
  if (at === null) return <>—</>
  const date = new Date(at)
  const recent = Math.abs(current - date.getTime()) < 7 * 86_400_000
  return (
    <time dateTime={at} title={`${date.toISOString().replace('T', ' ').slice(0, 19)} UTC`}>
      {withAgo && recent ? ago(date, current) : absolute.format(date)}
    </time>
  )
}

/** A calendar date (`2026-11-22`), which has no zone. */
export function Day({ date }: { date: string | null }) {
  if (date === null) return <>—</>
  return <time dateTime={date}>{dayOnly.format(new Date(`${date.slice(0, 10)}T00:00:00Z`))}</time>
}

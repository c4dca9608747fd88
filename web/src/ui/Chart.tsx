import { clsx } from 'clsx'
import { useState, type PointerEvent } from 'react'
import { t } from '../../../shared/text.ts'
import { locale } from '../lib/language.ts'
import { DataTable, type Column } from './DataTable.tsx'

export type Series = { name: string; values: readonly (number | null)[] }

/** Told apart by colour and by their strokes. */
const STROKES = ['stroke-accent', 'stroke-warning-text [stroke-dasharray:5_4]'] as const

const WIDTH = 600
const HEIGHT = 140

const short = new Intl.DateTimeFormat(locale, { timeStyle: 'short' })
const long = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })

/**
 * Figures over time as lines, with gaps where nothing was measured. The figures of one moment are read by pointing, and
 * by the arrow keys: beneath the drawing lies a slider. All of them stand in a table as well.
 */
export function Chart({
  title,
  times,
  series,
  format,
  max: fixedMax,
}: {
  title: string
  /** ISO times, the oldest first. */
  times: readonly string[]
  series: readonly Series[]
  format: (value: number) => string
  /** The upper end of the scale; without it, what the figures need. */
  max?: number
}) {
  const last = times.length - 1
  const [chosen, setChosen] = useState<number | null>(null)
  const at = Math.min(chosen ?? last, last)
  const max = fixedMax ?? niceMax(series.flatMap(({ values }) => values))
  const x = (index: number) => (last === 0 ? WIDTH / 2 : (index / last) * WIDTH)
  const y = (value: number) => HEIGHT - (Math.min(value, max) / max) * HEIGHT
  const readings = series.map(({ name, values }) => {
    const value = values[at] ?? null
    return { name, text: value === null ? t`not measured` : format(value) }
  })
  const point = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    if (width > 0) setChosen(Math.max(0, Math.min(last, Math.round(((event.clientX - left) / width) * last))))
  }
  const isLong = span(times) > 6 * 3_600_000
  return (
    <figure className="min-w-0">
      <figcaption className="mb-2 flex flex-wrap items-baseline justify-between gap-x-3">
        <span className="font-medium">{title}</span>
        <span className="text-[13px] text-muted tabular-nums">{long.format(new Date(times[at] ?? 0))}</span>
      </figcaption>
      <ul className="mb-2 flex flex-wrap gap-x-4 text-[13px]">
        {readings.map(({ name, text }, index) => (
          <li key={name} className="flex items-center gap-1.5">
            <Sample index={index} />
            {name}: <span className="font-medium tabular-nums">{text}</span>
          </li>
        ))}
      </ul>
      <div className="flex gap-2">
        <div className="min-w-0 flex-1">
          <div className="relative h-36 rounded-sm border-b border-line-strong has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent">
            <svg
              aria-hidden
              viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
              preserveAspectRatio="none"
              className="absolute inset-0 size-full"
            >
              {[0, 0.25, 0.5, 0.75].map((part) => (
                <line
                  key={part}
                  x1={0}
                  x2={WIDTH}
                  y1={part * HEIGHT}
                  y2={part * HEIGHT}
                  vectorEffect="non-scaling-stroke"
                  className="stroke-line"
                />
              ))}
              {chosen !== null && (
                <line
                  x1={x(at)}
                  x2={x(at)}
                  y1={0}
                  y2={HEIGHT}
                  vectorEffect="non-scaling-stroke"
                  className="stroke-line-strong"
                />
              )}
              {series.map(({ name, values }, index) => (
                <path
                  key={name}
                  d={pathOf(values, x, y)}
                  fill="none"
                  strokeWidth={2}
                  strokeLinecap="round"
                  strokeLinejoin="round"
                  vectorEffect="non-scaling-stroke"
                  className={STROKES[index % STROKES.length]}
                />
              ))}
            </svg>
            <input
              type="range"
              aria-label={t`${title}: moment to read`}
              aria-valuetext={`${long.format(new Date(times[at] ?? 0))}: ${readings
                .map(({ name, text }) => `${name} ${text}`)
                .join(', ')}`}
              min={0}
              max={last}
              value={at}
              onChange={({ target }) => setChosen(Number(target.value))}
              onPointerMove={point}
              onPointerLeave={({ pointerType }) => pointerType === 'mouse' && setChosen(null)}
              className="absolute inset-0 size-full cursor-crosshair touch-pan-y opacity-0"
            />
          </div>
          <div className="mt-1 flex justify-between text-[13px] text-muted tabular-nums">
            <span>{times[0] && (isLong ? long : short).format(new Date(times[0]))}</span>
            <span>{times[last] && (isLong ? long : short).format(new Date(times[last]))}</span>
          </div>
        </div>
        <div className="flex h-36 w-16 shrink-0 flex-col justify-between text-[13px] leading-none text-muted tabular-nums">
          <span>{format(max)}</span>
          <span>{format(max / 2)}</span>
          <span>{format(0)}</span>
        </div>
      </div>
      <Figures title={title} times={times} series={series} format={format} />
    </figure>
  )
}

function Sample({ index }: { index: number }) {
  return (
    <svg aria-hidden viewBox="0 0 20 4" className="h-1 w-5 shrink-0">
      <line x1={0} x2={20} y1={2} y2={2} strokeWidth={3} className={STROKES[index % STROKES.length]} />
    </svg>
  )
}

/** The same figures for who does not see the drawing, or wants to copy them; the newest first. */
function Figures({
  title,
  times,
  series,
  format,
}: {
  title: string
  times: readonly string[]
  series: readonly Series[]
  format: (value: number) => string
}) {
  const [open, setOpen] = useState(false)
  const columns: Column<number>[] = [
    { header: t`From`, render: (index) => long.format(new Date(times[index] ?? 0)) },
    ...series.map(({ name, values }): Column<number> => ({
      header: name,
      align: 'right',
      render: (index) => {
        const value = values[index] ?? null
        return value === null ? <span className="text-muted">not measured</span> : format(value)
      },
    })),
  ]
  return (
    <details className="mt-2 text-[13px]" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className={clsx('cursor-pointer text-accent', open && 'mb-1')}>As a table</summary>
      {open && (
        <DataTable
          label={t`${title}, the newest first`}
          columns={columns}
          rows={times.map((_, index) => times.length - 1 - index)}
          rowKey={(index) => times[index] ?? ''}
        />
      )}
    </details>
  )
}

/** Lines between neighbours; a figure without neighbours is a dot. */
function pathOf(
  values: readonly (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  return values
    .map((value, index) => {
      if (value === null) return ''
      const at = `${x(index).toFixed(1)} ${y(value).toFixed(1)}`
      const isAlone = (values[index - 1] ?? null) === null
      return isAlone ? `M${at}h0.01` : `L${at}`
    })
    .join('')
}

/** The next of 1, 2, 5, 10, 20 … that is not below the figures. */
function niceMax(values: readonly (number | null)[]): number {
  const largest = Math.max(0, ...values.map((value) => value ?? 0))
  if (largest === 0) return 1
  const unit = 10 ** Math.floor(Math.log10(largest))
  return ([1, 2, 5, 10].find((step) => step * unit >= largest) ?? 10) * unit
}

const span = (times: readonly string[]): number => Date.parse(times.at(-1) ?? '') - Date.parse(times[0] ?? '')

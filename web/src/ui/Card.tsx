import { clsx } from 'clsx'
import { useId, type ReactNode } from 'react'

/** A titled part of a page. `flush` leaves the padding to the content (tables). */
export function Card({
  title,
  actions,
  flush = false,
  children,
}: {
  title?: ReactNode
  actions?: ReactNode
  flush?: boolean
  children: ReactNode
}) {
  const titleId = useId()
  return (
    <section
      aria-labelledby={title ? titleId : undefined}
      className="min-w-0 rounded-lg border border-line bg-surface"
    >
      {(title || actions) && (
        <div className="flex min-h-12 flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-2">
          {title && (
            <h2 id={titleId} className="font-semibold">
              {title}
            </h2>
          )}
          {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
        </div>
      )}
      <div className={clsx(!flush && 'p-4')}>{children}</div>
    </section>
  )
}

/** Facts as name and value, side by side where there is room. */
export function Facts({ facts }: { facts: (readonly [name: string, value: ReactNode] | null)[] }) {
  return (
    <dl className="grid gap-x-8 gap-y-3 sm:grid-cols-2 xl:grid-cols-3">
      {facts
        .filter((fact) => fact !== null)
        .map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="text-[13px] text-muted">{name}</dt>
            <dd className="mt-0.5 break-words">{value === false ? '—' : (value ?? '—')}</dd>
          </div>
        ))}
    </dl>
  )
}

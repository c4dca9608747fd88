import { clsx } from 'clsx'

/** `value` null: under way, but nobody can say how far. */
export function Progress({
  value,
  label,
  tone = 'accent',
}: {
  value: number | null
  label: string
  tone?: 'accent' | 'warning' | 'danger'
}) {
  const percent = value === null ? undefined : Math.max(0, Math.min(100, value))
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      className="h-2 w-full overflow-hidden rounded-full bg-neutral-soft"
    >
      <div
        className={clsx(
          'h-full rounded-full transition-[width] duration-500',
          percent === undefined && 'w-1/3 animate-pulse',
          tone === 'accent' && 'bg-accent-fill',
          tone === 'warning' && 'bg-warning-text',
          tone === 'danger' && 'bg-danger-fill',
        )}
        style={percent === undefined ? undefined : { width: `${percent}%` }}
      />
    </div>
  )
}

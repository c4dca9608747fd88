import { clsx } from 'clsx'

const TONES = {
  accent: '[&::-moz-progress-bar]:bg-accent-fill [&::-webkit-progress-value]:bg-accent-fill',
  warning: '[&::-moz-progress-bar]:bg-warning-text [&::-webkit-progress-value]:bg-warning-text',
  danger: '[&::-moz-progress-bar]:bg-danger-fill [&::-webkit-progress-value]:bg-danger-fill',
}

/** `value` null: under way, but nobody can say how far. */
export function Progress({
  value,
  label,
  tone = 'accent',
}: {
  value: number | null
  label: string
  tone?: keyof typeof TONES
}) {
  return (
    <progress
      aria-label={label}
      max={100}
      value={value === null ? undefined : Math.max(0, Math.min(100, value))}
      className={clsx(
        'block h-2 w-full appearance-none overflow-hidden rounded-full bg-neutral-soft',
        'indeterminate:animate-pulse indeterminate:bg-accent-fill [&::-webkit-progress-bar]:bg-transparent',
        TONES[tone],
      )}
    />
  )
}

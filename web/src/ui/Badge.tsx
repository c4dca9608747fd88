import { clsx } from 'clsx'
import type { ReactNode } from 'react'

export type Tone = 'neutral' | 'info' | 'success' | 'warning' | 'danger'

export const TONES: Record<Tone, string> = {
  neutral: 'bg-neutral-soft text-neutral-text',
  info: 'bg-info-soft text-info-text',
  success: 'bg-success-soft text-success-text',
  warning: 'bg-warning-soft text-warning-text',
  danger: 'bg-danger-soft text-danger-text',
}

/** `busy` shows a pulsing dot: something is under way. */
export function Badge({
  tone = 'neutral',
  busy = false,
  children,
}: {
  tone?: Tone
  busy?: boolean
  children: ReactNode
}) {
  return (
    <span
      className={clsx(
        'inline-flex items-center gap-1.5 rounded px-1.5 py-0.5 text-xs font-medium whitespace-nowrap',
        TONES[tone],
      )}
    >
      <span aria-hidden className={clsx('size-1.5 rounded-full bg-current', busy && 'animate-pulse')} />
      {children}
    </span>
  )
}

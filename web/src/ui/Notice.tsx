import { clsx } from 'clsx'
import { CircleCheck, CircleX, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { TONES } from './Badge.tsx'

const ICONS = { info: Info, success: CircleCheck, warning: TriangleAlert, danger: CircleX }

/** A message in the page. `danger` is announced at once. */
export function Notice({
  tone,
  title,
  children,
  action,
}: {
  tone: keyof typeof ICONS
  title?: ReactNode
  children?: ReactNode
  action?: ReactNode
}) {
  const Icon = ICONS[tone]
  return (
    <div
      role={tone === 'danger' ? 'alert' : undefined}
      className={clsx('flex flex-wrap items-start gap-x-3 gap-y-2 rounded-md p-3', TONES[tone])}
    >
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 flex-1 basis-52 space-y-1 break-words">
        {title && <p className="font-semibold">{title}</p>}
        {children}
      </div>
      {action}
    </div>
  )
}

import { clsx } from 'clsx'
import { LoaderCircle } from 'lucide-react'
import { t } from '../../../shared/text.ts'

export function Spinner({ className }: { className?: string }) {
  return <LoaderCircle aria-hidden className={clsx('size-4 animate-spin', className)} />
}

/** Grey bars in place of content that is on its way. */
export function Skeleton({ lines = 5, label = t`Loading` }: { lines?: number; label?: string }) {
  return (
    <div aria-busy className="space-y-3 p-4">
      <output className="sr-only">{label}</output>
      {Array.from({ length: lines }, (_, line) => (
        <div
          key={line}
          className={clsx('h-4 animate-pulse rounded bg-raised', line % 3 === 2 ? 'w-1/2' : 'w-full')}
        />
      ))}
    </div>
  )
}

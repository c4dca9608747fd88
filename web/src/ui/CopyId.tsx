import { clsx } from 'clsx'
import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../shared/text.ts'

/** An id to be copied. Shows its end: ids that begin with the time differ there. */
export function CopyId({
  id,
  what = 'id',
  full = false,
  tone = 'muted',
}: {
  id: string
  what?: string
  full?: boolean
  tone?: 'muted' | 'inherit'
}) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(id)
    setCopied(true)
    setTimeout(setCopied, 1500, false)
  }
  const Icon = copied ? Check : Copy
  return (
    <button
      type="button"
      title={id}
      onClick={() => void copy()}
      className={clsx(
        'inline-flex max-w-full items-center gap-1.5 rounded font-mono text-[13px]',
        tone === 'muted' && 'text-muted hover:text-text',
      )}
    >
      <span className="sr-only" aria-live="polite">
        {copied ? t`Copied` : t`Copy ${what}`}
      </span>
      <span className="truncate">{full || id.length <= 12 ? id : `…${id.slice(-8)}`}</span>
      <Icon aria-hidden className="size-3.5 shrink-0" />
    </button>
  )
}

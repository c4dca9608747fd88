import { clsx } from 'clsx'
import { useId } from 'react'
import { t } from '../../../shared/text.ts'
import { Tooltip } from './Tooltip.tsx'

/** Something that is on or off and changes at once, or after a question. */
export function Switch({
  label,
  checked,
  disabledReason,
  onChange,
}: {
  label: string
  checked: boolean
  /** Why it cannot be changed now. It stays focusable and says so. */
  disabledReason?: string | undefined
  onChange: (checked: boolean) => void
}) {
  const reasonId = useId()
  const blocked = disabledReason !== undefined
  const button = (
    <button
      type="button"
      role="switch"
      aria-label={label}
      aria-checked={checked}
      aria-disabled={blocked || undefined}
      aria-describedby={blocked ? reasonId : undefined}
      onClick={() => !blocked && onChange(!checked)}
      className="inline-flex min-h-6 items-center gap-2 rounded aria-disabled:cursor-not-allowed aria-disabled:text-muted"
    >
      <span
        aria-hidden
        className={clsx(
          'flex h-5 w-9 items-center rounded-full border p-0.5 transition-colors',
          checked ? 'justify-end border-accent bg-accent-fill' : 'border-line-strong bg-raised',
          blocked && 'opacity-60',
        )}
      >
        <span className={clsx('size-3.5 rounded-full', checked ? 'bg-on-fill' : 'bg-muted')} />
      </span>
      <span aria-hidden>{checked ? t`On` : t`Off`}</span>
    </button>
  )
  if (!blocked) return button
  return (
    <>
      <Tooltip text={disabledReason}>{button}</Tooltip>
      <span id={reasonId} hidden>
        {disabledReason}
      </span>
    </>
  )
}

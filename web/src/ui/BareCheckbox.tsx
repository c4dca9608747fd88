import { clsx } from 'clsx'
import { useId } from 'react'
import { Tooltip } from './Tooltip.tsx'

/** A checkbox in a cell, whose row and column say what it is to the eye, and `label` to the ear. */
export function BareCheckbox({
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
  const box = (
    <input
      type="checkbox"
      aria-label={label}
      aria-disabled={blocked || undefined}
      aria-describedby={blocked ? reasonId : undefined}
      checked={checked}
      onChange={(event) => !blocked && onChange(event.target.checked)}
      className={clsx('size-4 accent-accent-fill', blocked && 'cursor-not-allowed opacity-50')}
    />
  )
  if (!blocked) return box
  return (
    <>
      <Tooltip text={disabledReason}>{box}</Tooltip>
      <span id={reasonId} hidden>
        {disabledReason}
      </span>
    </>
  )
}

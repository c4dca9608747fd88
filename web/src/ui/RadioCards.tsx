import { clsx } from 'clsx'
import type { ReactNode } from 'react'
import { useField } from './Field.tsx'

export type RadioCard = {
  value: string
  title: ReactNode
  detail?: ReactNode
  disabledReason?: string | undefined
}

/** One of several things that deserve more than a line. What cannot be chosen stays visible and says why. */
export function RadioCards({
  label,
  name,
  value,
  options,
  onChange,
}: {
  label: string
  name: string
  value: string
  options: RadioCard[]
  onChange: (value: string) => void
}) {
  const { 'aria-describedby': describedBy } = useField()
  return (
    <fieldset aria-describedby={describedBy} className="grid gap-2 sm:grid-cols-2">
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className={clsx(
            'flex items-start gap-3 rounded-md border p-3 has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent',
            option.disabledReason !== undefined && 'border-line bg-raised text-muted',
            option.disabledReason === undefined &&
              (value === option.value
                ? 'border-accent bg-accent-soft'
                : 'cursor-pointer border-line-strong hover:bg-raised'),
          )}
        >
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={value === option.value}
            disabled={option.disabledReason !== undefined}
            onChange={() => onChange(option.value)}
            className="mt-0.5 size-4 shrink-0 accent-accent-fill outline-none"
          />
          <span className="min-w-0 flex-1 break-words">
            <span className="block font-medium">{option.title}</span>
            {option.detail && <span className="block text-[13px] text-muted">{option.detail}</span>}
            {option.disabledReason && <span className="block text-[13px]">{option.disabledReason}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  )
}

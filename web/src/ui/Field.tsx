import { clsx } from 'clsx'
import { ChevronDown } from 'lucide-react'
import { createContext, useContext, useId, useMemo, type ComponentProps, type ReactNode } from 'react'

type FieldIds = { id: string; describedBy: string | undefined; invalid: boolean }
const FieldContext = createContext<FieldIds | null>(null)

/** A labelled control with a hint and an error; the control inside takes its ids from here. */
export function Field({
  label,
  hint,
  error,
  optional = false,
  children,
}: {
  label: string
  hint?: ReactNode
  error?: string | undefined
  optional?: boolean
  children: ReactNode
}) {
  const id = useId()
  const described = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ')
  const ids = useMemo(
    () => ({ id, describedBy: described || undefined, invalid: Boolean(error) }),
    [id, described, error],
  )
  return (
    <FieldContext.Provider value={ids}>
      <div className="min-w-0">
        <label htmlFor={id} className="mb-1 block font-medium">
          {label}
          {optional && <span className="font-normal text-muted"> (optional)</span>}
        </label>
        {children}
        {hint && (
          <p id={`${id}-hint`} className="mt-1 text-[13px] text-muted">
            {hint}
          </p>
        )}
        {error && (
          <p id={`${id}-error`} className="mt-1 text-[13px] font-medium text-danger-text">
            {error}
          </p>
        )}
      </div>
    </FieldContext.Provider>
  )
}

/** What a control inside a Field must carry. */
export function useField() {
  const field = useContext(FieldContext)
  return {
    id: field?.id,
    'aria-describedby': field?.describedBy,
    'aria-invalid': field?.invalid || undefined,
  }
}

export const CONTROL =
  'w-full min-w-0 rounded-md border border-line-strong bg-surface px-3 text-text disabled:bg-raised disabled:text-muted aria-invalid:border-danger-text'

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input {...useField()} {...rest} className={clsx(CONTROL, 'h-9', className)} />
}

export function Textarea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea rows={4} {...useField()} {...rest} className={clsx(CONTROL, 'py-2', className)} />
}

export function Select({ className, ...rest }: ComponentProps<'select'>) {
  return (
    <div className={clsx('relative', className)}>
      <select {...useField()} {...rest} className={clsx(CONTROL, 'h-9 appearance-none truncate pr-8')} />
      <ChevronDown aria-hidden className="pointer-events-none absolute top-2.5 right-2.5 size-4 text-muted" />
    </div>
  )
}

export function Checkbox({ label, ...rest }: ComponentProps<'input'> & { label: ReactNode }) {
  return (
    <label className="flex items-start gap-2">
      <input type="checkbox" {...rest} className="mt-0.5 size-4 shrink-0 accent-accent-fill" />
      <span>{label}</span>
    </label>
  )
}

import { Search, X } from 'lucide-react'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { codeWords, humanize } from '../lib/words.ts'
import { Button } from '../ui/Button.tsx'
import { Input, Select } from '../ui/Field.tsx'
import { SavedFilters } from './SavedFilters.tsx'

/** The row of filters above a list. */
export function Filters({ children }: { children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
      {children}
      <SavedFilters />
    </div>
  )
}

/** One of the known values, or anything else for "all": addresses are typed by people too. */
export const oneOf = <T extends string>(known: readonly T[], value: string | undefined): T | undefined =>
  known.find((candidate) => candidate === value)

export function ChoiceFilter<T extends string>({
  label,
  value,
  options,
  onChange,
  always = false,
}: {
  label: string
  value: T | undefined
  options: readonly T[]
  /** One of them always counts: there is no "all". */
  always?: boolean
  onChange: (value: T | undefined) => void
}) {
  return (
    <Select
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(oneOf(options, event.target.value))}
      className="w-full sm:w-52"
    >
      {!always && <option value="">{label}: all</option>}
      {options.map((option) => (
        <option key={option} value={option}>
          {always ? `${label} ${codeWords(option)}` : humanize(option)}
        </option>
      ))}
    </Select>
  )
}

/** A day of an address, or nothing for what is none. */
export const dayOf = (typed: string | undefined): string | undefined =>
  typed !== undefined && /^\d{4}-\d\d-\d\d$/.test(typed) && !Number.isNaN(Date.parse(typed))
    ? typed
    : undefined

export function DayFilter({
  label,
  value,
  onChange,
}: {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}) {
  return (
    <label className="flex w-full items-center gap-2 sm:w-auto">
      <span className="shrink-0 text-muted">{label}</span>
      <Input
        type="date"
        value={value ?? ''}
        onChange={({ target }) => onChange(dayOf(target.value))}
        className="sm:w-40"
      />
    </label>
  )
}

/** A filter that only links set, and a click takes away. */
export function GivenFilter({ children, onRemove }: { children: ReactNode; onRemove: () => void }) {
  return (
    <Button size="sm" onClick={onRemove}>
      {children}
      <X aria-hidden className="size-4" />
      <span className="sr-only">Take this filter away</span>
    </Button>
  )
}

/** Searches while one types; the address follows after a moment. */
export function SearchFilter({
  label,
  value,
  onChange,
}: {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}) {
  const [typed, setTyped] = useState(value ?? '')
  const [sent, setSent] = useState(value)
  const [seen, setSeen] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])

  // The address may change otherwise too, by the back button or a link; what was typed here arrives later than typing.
  if (value !== seen) {
    setSeen(value)
    if (value !== sent) setTyped(value ?? '')
  }
  const send = (wanted: string | undefined) => {
    setSent(wanted)
    onChange(wanted)
  }

  return (
    <div className="relative w-full sm:w-72">
      <Search aria-hidden className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-muted" />
      <Input
        type="search"
        aria-label={label}
        placeholder={label}
        value={typed}
        className="pl-8"
        onChange={({ target }) => {
          setTyped(target.value)
          clearTimeout(timer.current)
          timer.current = setTimeout(send, 300, target.value.trim() || undefined)
        }}
      />
    </div>
  )
}

import { X } from 'lucide-react'
import { ChoiceFilter, Filters, oneOf, SearchFilter } from '../../components/Filters.tsx'
import { Button } from '../../ui/Button.tsx'
import { Input } from '../../ui/Field.tsx'

export const OUTCOMES = ['success', 'denied', 'error'] as const

/** The filters as the address holds them. */
export type AuditSearch = {
  [
    Name in
      | 'action'
      | 'outcome'
      | 'targetType'
      | 'targetId'
      | 'actorId'
      | 'requestId'
      | 'correlationId'
      | 'from'
      | 'to'
  ]?: string | undefined
}

export function AuditFilters({
  filter,
  onChange,
  onClear,
}: {
  filter: AuditSearch
  onChange: (part: AuditSearch) => void
  onClear: () => void
}) {
  return (
    <Filters>
      <SearchFilter
        label="Action, such as PLAN_CREATED"
        value={filter.action}
        onChange={(action) => onChange({ action: action?.toUpperCase().replaceAll(' ', '_') })}
      />
      <SearchFilter
        label="Kind of target, such as cloudPod"
        value={filter.targetType}
        onChange={(targetType) => onChange({ targetType })}
      />
      <SearchFilter
        label="Id of the target"
        value={filter.targetId}
        onChange={(targetId) => onChange({ targetId })}
      />
      <SearchFilter
        label="Id of the actor"
        value={filter.actorId}
        onChange={(actorId) => onChange({ actorId })}
      />
      <SearchFilter
        label="Id of the request"
        value={filter.requestId}
        onChange={(requestId) => onChange({ requestId })}
      />
      <ChoiceFilter
        label="Outcome"
        value={oneOf(OUTCOMES, filter.outcome)}
        options={OUTCOMES}
        onChange={(outcome) => onChange({ outcome })}
      />
      <DayFilter label="From day (UTC)" value={filter.from} onChange={(from) => onChange({ from })} />
      <DayFilter label="To day (UTC)" value={filter.to} onChange={(to) => onChange({ to })} />
      {filter.correlationId && (
        <span className="text-[13px] text-muted">Correlation {filter.correlationId}</span>
      )}
      {Object.values(filter).some(Boolean) && (
        <Button size="sm" variant="ghost" icon={<X aria-hidden className="size-4" />} onClick={onClear}>
          Clear
        </Button>
      )}
    </Filters>
  )
}

function DayFilter({
  label,
  value,
  onChange,
}: {
  label: string
  value: string | undefined
  onChange: (day: string | undefined) => void
}) {
  return (
    <label className="flex w-full shrink-0 items-center justify-between gap-2 text-[13px] whitespace-nowrap text-muted sm:w-auto">
      {label}
      <Input
        type="date"
        className="w-40"
        value={value ?? ''}
        onChange={({ target }) => onChange(target.value || undefined)}
      />
    </label>
  )
}

import { Combobox } from '@base-ui/react/combobox'
import { clsx } from 'clsx'
import { Check, ChevronsUpDown, Search } from 'lucide-react'
import type { ReactNode } from 'react'
import { t } from '../../../shared/text.ts'
import { CONTROL, useField } from './Field.tsx'
import { Spinner } from './Spinner.tsx'

export type Choice = { id: string; label: string; detail?: ReactNode }

/** A choice out of more things than a menu holds: whoever uses it searches and hands over what was found. */
export function SearchSelect<Item extends Choice>({
  label,
  items,
  value,
  onChange,
  onSearch,
  searching,
  placeholder,
  compact = false,
}: {
  /** Names the popup; the trigger takes its name from the field around it. */
  label: string
  items: Item[]
  value: Item | null
  onChange: (item: Item) => void
  onSearch: (typed: string) => void
  searching: boolean
  placeholder: string
  compact?: boolean
}) {
  const field = useField()
  return (
    <Combobox.Root
      items={items}
      value={value}
      filter={null}
      itemToStringLabel={(item: Item) => item.label}
      isItemEqualToValue={(item: Item, chosen: Item) => item.id === chosen.id}
      onValueChange={(item: Item | null) => item && onChange(item)}
      onInputValueChange={onSearch}
      onOpenChange={(open) => open && onSearch('')}
    >
      <Combobox.Trigger
        {...field}
        aria-label={field.id === undefined ? `${label}: ${value?.label ?? placeholder}` : undefined}
        className={clsx(
          compact
            ? 'flex h-9 max-w-56 items-center gap-2 rounded-md border border-line bg-surface px-3 font-medium hover:bg-raised'
            : [CONTROL, 'flex h-9 items-center justify-between gap-2 text-left'],
        )}
      >
        <span className={clsx('truncate', value === null && 'text-muted')}>
          {value?.label ?? placeholder}
        </span>
        <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-muted" />
      </Combobox.Trigger>
      <Combobox.Portal>
        <Combobox.Positioner align="start" sideOffset={6} className="z-50">
          <Combobox.Popup
            aria-label={label}
            className="w-80 max-w-(--available-width) min-w-(--anchor-width) overflow-hidden rounded-lg border border-line-strong bg-surface shadow-pop"
          >
            <div className="flex items-center gap-2 border-b border-line px-3">
              {searching ? (
                <Spinner className="text-muted" />
              ) : (
                <Search aria-hidden className="size-4 text-muted" />
              )}
              <Combobox.Input
                aria-label={t`Search: ${label}`}
                placeholder="Type to search"
                className="h-10 w-full bg-transparent outline-none"
              />
            </div>
            <Combobox.Empty>
              {!searching && <div className="px-3 py-4 text-muted">Nothing found.</div>}
            </Combobox.Empty>
            <Combobox.List className="max-h-[min(20rem,calc(var(--available-height)-3rem))] overflow-y-auto p-1 empty:p-0">
              {(item: Item) => (
                <Combobox.Item
                  key={item.id}
                  value={item}
                  className="flex items-center gap-2 rounded px-2.5 py-1.5 select-none data-highlighted:bg-raised"
                >
                  <span className="min-w-0 flex-1">
                    <span className="block truncate">{item.label}</span>
                    {item.detail && (
                      <span className="block truncate text-[13px] text-muted">{item.detail}</span>
                    )}
                  </span>
                  <Combobox.ItemIndicator>
                    <Check aria-hidden className="size-4" />
                  </Combobox.ItemIndicator>
                </Combobox.Item>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  )
}

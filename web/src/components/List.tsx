import type { UseQueryResult } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Page } from '../../../shared/api/common.ts'
import { t } from '../../../shared/text.ts'
import { Button } from '../ui/Button.tsx'
import { DataTable, type Column } from '../ui/DataTable.tsx'
import { Loaded } from './Loaded.tsx'

const SEPARATOR = '~'

/** The cursor of the page shown: the last of the trail that the address keeps. */
export const cursorOf = (trail: string | undefined): string | undefined => trail?.split(SEPARATOR).at(-1)

/** One page of a list with all its states, and the way to the pages around it. */
export function List<Row extends { id: string }>({
  query,
  what,
  columns,
  empty,
  trail,
  onTrail,
}: {
  query: UseQueryResult<Page<Row>>
  /** In the plural: "jobs". */
  what: string
  columns: Column<Row>[]
  empty: ReactNode
  trail?: string | undefined
  onTrail?: (trail: string | undefined) => void
}) {
  return (
    <div aria-busy={query.isFetching}>
      <Loaded query={query} what={what}>
        {({ items, nextCursor }) => (
          <>
            <div className={clsx('transition-opacity', query.isPlaceholderData && 'opacity-60')}>
              {items.length === 0 ? (
                empty
              ) : (
                <DataTable label={what} columns={columns} rows={items} rowKey={({ id }) => id} />
              )}
            </div>
            {onTrail && (trail !== undefined || nextCursor !== null) && (
              <Pager trail={trail} nextCursor={nextCursor} onTrail={onTrail} />
            )}
          </>
        )}
      </Loaded>
    </div>
  )
}

/** The way to the pages around one. */
export function Pager({
  trail,
  nextCursor,
  onTrail,
}: {
  trail: string | undefined
  nextCursor: string | null
  onTrail: (trail: string | undefined) => void
}) {
  const steps = trail === undefined ? [] : trail.split(SEPARATOR)
  return (
    <nav
      aria-label="Pages"
      className="flex items-center justify-between gap-2 border-t border-line px-4 py-2.5"
    >
      <span className="text-muted">Page {steps.length + 1}</span>
      <div className="flex gap-2">
        <Button
          size="sm"
          icon={<ChevronLeft aria-hidden className="size-4" />}
          disabledReason={steps.length === 0 ? t`This is the first page.` : undefined}
          onClick={() => onTrail(steps.slice(0, -1).join(SEPARATOR) || undefined)}
        >
          Back
        </Button>
        <Button
          size="sm"
          disabledReason={nextCursor === null ? t`This is the last page.` : undefined}
          onClick={() => nextCursor !== null && onTrail([...steps, nextCursor].join(SEPARATOR))}
        >
          Next
          <ChevronRight aria-hidden className="size-4" />
        </Button>
      </div>
    </nav>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useLocation, useNavigate } from '@tanstack/react-router'
import { Bookmark } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { FILTERED_LISTS, type FilteredList } from '../../../shared/states/savedFilter.ts'
import { t } from '../../../shared/text.ts'
import { savedFiltersQuery } from '../api/savedFilters.ts'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { Menu, MenuItem, MenuSeparator } from '../ui/Menu.tsx'
import { Skeleton } from '../ui/Spinner.tsx'

// Forms are large, and every list has this menu.
const KeepFilter = lazy(() => import('./KeepFilter.tsx'))

type Search = Record<string, string>

/** What the address filters by; the page of the list is no part of it. */
const filterOf = (search: Record<string, unknown>): Search =>
  Object.fromEntries(
    Object.entries(search).filter(
      (entry): entry is [string, string] => entry[0] !== 'page' && typeof entry[1] === 'string',
    ),
  )

const isSame = (one: Search, other: Search): boolean => {
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
}

/** The filters of the list shown that its user has given a name: to choose, to save, to remove. */
export function SavedFilters() {
  const { pathname, search } = useLocation()
  const place = /^\/t\/[^/]+\/(.+)$/.exec(pathname)?.[1]
  const list = FILTERED_LISTS.find((one) => one === place)
  return list && <Saved list={list} filter={filterOf(search)} />
}

function Saved({ list, filter }: { list: FilteredList; filter: Search }) {
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const query = useQuery(savedFiltersQuery)
  const saved = query.data?.items.filter((one) => one.list === list) ?? []
  const shown = saved.find((one) => isSame(one.search, filter))
  return (
    <>
      <Menu
        trigger={
          <Button icon={<Bookmark aria-hidden className="size-4" />}>
            {shown ? t`Filter: ${shown.name}` : t`Saved filters`}
          </Button>
        }
      >
        {saved.map((one) => (
          <MenuItem
            key={one.id}
            onClick={() => void navigate({ to: '.', search: one.search as never, replace: true })}
          >
            {one.name}
          </MenuItem>
        ))}
        {saved.length > 0 && <MenuSeparator />}
        <MenuItem onClick={() => setOpen(true)}>Save or remove filters</MenuItem>
      </Menu>
      <Dialog open={open} onClose={() => setOpen(false)} title="Saved filters">
        {open && (
          <Suspense fallback={<Skeleton />}>
            <KeepFilter list={list} filter={filter} saved={saved} onDone={() => setOpen(false)} />
          </Suspense>
        )}
      </Dialog>
    </>
  )
}

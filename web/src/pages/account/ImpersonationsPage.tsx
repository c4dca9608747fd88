import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { VenetianMask } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { impersonationsQuery, type OwnImpersonation } from '../../api/impersonation.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { AccountPage } from './AccountPage.tsx'

const route = getRouteApi('/t/$tenant/account/operators')

const COLUMNS: Column<OwnImpersonation>[] = [
  {
    header: t`Who`,
    render: ({ by, readOnly, startedAt }) => (
      <>
        <span className="flex flex-wrap items-center gap-2">
          <span className="break-words">{by}</span>
          <Badge tone={readOnly ? 'info' : 'warning'}>{readOnly ? t`Only looked` : t`Could act`}</Badge>
        </span>
        <span className="block text-[13px] text-muted sm:hidden">
          <Time at={startedAt} />
        </span>
      </>
    ),
  },
  { header: t`Why`, render: ({ reason }) => <span className="break-words">{reason}</span> },
  { header: t`From`, from: 'sm', narrow: true, render: ({ startedAt }) => <Time at={startedAt} /> },
  { header: t`Until`, from: 'md', narrow: true, render: ({ endedAt }) => <Time at={endedAt} /> },
]

/** When the provider's staff acted under the user's name. */
export default function ImpersonationsPage() {
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(impersonationsQuery({ cursor: cursorOf(page) }))
  return (
    <AccountPage title="Access by operators">
      <Card flush>
        <List
          query={query}
          what="accesses"
          columns={COLUMNS}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={VenetianMask} title="Nobody has acted under your name">
              When your provider’s staff do, it is listed here with their reason.
            </EmptyState>
          }
        />
      </Card>
    </AccountPage>
  )
}

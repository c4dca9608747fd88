import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { MonitorSmartphone } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { endOtherSessions, endSession, sessionsQuery, type OwnSession } from '../../api/account.ts'
import { useSubmit } from '../../api/submit.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { count, humanize } from '../../lib/words.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { AccountPage } from './AccountPage.tsx'

const route = getRouteApi('/t/$tenant/account/sessions')

export default function SessionsPage() {
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(sessionsQuery({ cursor: cursorOf(page) }))
  const failed = { onError: (error: Error) => toast.failed(t`Not ended`, error.message) }
  const end = useSubmit<string, void>({
    send: endSession,
    onDone: () => toast.done(t`The session has ended`),
  })
  const endOthers = useSubmit<void, { ended: number }>({
    send: endOtherSessions,
    onDone: ({ ended }) => toast.done(t`${count(ended, t`session`, t`sessions`)} ended`),
  })
  const alone = query.data?.items.every(({ current }) => current) === true

  const columns: Column<OwnSession>[] = [
    {
      header: t`Browser`,
      render: ({ userAgent, current }) => (
        <span className="flex flex-wrap items-center gap-2">
          <span className="break-words">{userAgent ?? t`Unknown`}</span>
          {current && <Badge tone="success">This one</Badge>}
        </span>
      ),
    },
    { header: t`Address`, from: 'sm', render: ({ ip }) => ip ?? '—' },
    {
      header: t`Logged in by`,
      from: 'lg',
      narrow: true,
      render: ({ verifiedBy }) => (verifiedBy === 'sso' ? t`Single sign-on` : humanize(verifiedBy)),
    },
    { header: t`Since`, from: 'md', narrow: true, render: ({ createdAt }) => <Time at={createdAt} /> },
    {
      header: t`Last used`,
      from: 'md',
      narrow: true,
      render: ({ lastSeenAt }) => <Time at={lastSeenAt} relative />,
    },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: ({ id, current }) => (
        <Button
          size="sm"
          loading={end.isPending && end.variables === id}
          disabledReason={current ? t`This is the session you use now: log out instead.` : undefined}
          onClick={() => end.mutate(id, failed)}
        >
          End
        </Button>
      ),
    },
  ]
  return (
    <AccountPage title="Sessions">
      <Card
        flush
        title="Where you are logged in"
        actions={
          <Button
            size="sm"
            loading={endOthers.isPending}
            disabledReason={alone ? t`There is no other session.` : undefined}
            onClick={() => endOthers.mutate(undefined, failed)}
          >
            End all others
          </Button>
        }
      >
        <List
          query={query}
          what="sessions"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={<EmptyState icon={MonitorSmartphone} title="No sessions" />}
        />
      </Card>
    </AccountPage>
  )
}

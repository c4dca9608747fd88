import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { MonitorSmartphone } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { endUserSessions, userSessionsQuery, type User, type UserSession } from '../../api/users.ts'
import { useSubmit } from '../../api/submit.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { isPlatformUser, NO_PERMISSION, useSession } from '../../components/session.ts'
import { humanize } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

const route = getRouteApi('/t/$tenant/users/$id')

/** Where a user is logged in; the platform ends one session, or all. */
export function UserSessions({ user }: { user: User }) {
  const { me, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const permitted = can('users:manage', null)
  const query = useQuery({ ...userSessionsQuery(user.id, { cursor: cursorOf(page) }), enabled: permitted })
  const failed = { onError: (error: Error) => toast.failed(t`Not ended`, error.message) }
  const end = useSubmit<string | undefined, void>({
    send: (id) => endUserSessions(user.id, id),
    onDone: () => toast.done(t`Ended: the next request of that browser is refused`),
  })
  if (!permitted)
    return (
      <Card>
        <p className="text-muted">
          {isPlatformUser(me)
            ? NO_PERMISSION('users:manage')
            : t`Sessions belong to the account, and that is the platform’s: a person may work for several tenants. You can take the roles they hold here; that counts from the next request on.`}
        </p>
      </Card>
    )
  const columns: Column<UserSession>[] = [
    {
      header: t`Browser`,
      render: ({ userAgent }) => <span className="break-words">{userAgent ?? t`Unknown`}</span>,
    },
    { header: t`Address`, from: 'sm', render: ({ ip }) => ip ?? '—' },
    { header: t`Proved by`, from: 'lg', narrow: true, render: ({ verifiedBy }) => humanize(verifiedBy) },
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
      render: ({ id }) => (
        <Button
          size="sm"
          loading={end.isPending && end.variables === id}
          onClick={() => end.mutate(id, failed)}
        >
          End
        </Button>
      ),
    },
  ]
  return (
    <Card
      flush
      title="Where the user is logged in"
      actions={
        <Button
          size="sm"
          loading={end.isPending && end.variables === undefined}
          disabledReason={query.data?.items.length === 0 ? t`There is no session.` : undefined}
          onClick={() => end.mutate(undefined, failed)}
        >
          End all
        </Button>
      }
    >
      <List
        query={query}
        what="sessions"
        columns={columns}
        trail={page}
        onTrail={(trail) => void navigate({ search: { tab: 'sessions', page: trail } })}
        empty={<EmptyState icon={MonitorSmartphone} title="Not logged in anywhere" />}
      />
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { userQuery, type User } from '../../api/users.ts'
import { oneOf } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { Timeline } from '../../components/Timeline.tsx'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Tabs } from '../../ui/Tabs.tsx'
import { Grants } from './Grants.tsx'
import { UserActions } from './UserActions.tsx'
import { UserOverview } from './UserOverview.tsx'
import { UserSessions } from './UserSessions.tsx'
import { Why } from './Why.tsx'

const route = getRouteApi('/t/$tenant/users/$id')
const TABS = ['overview', 'grants', 'sessions', 'why', 'timeline'] as const

export default function UserPage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const query = useQuery({ ...userQuery(id), enabled: can('users:read') })
  const user = query.data
  return (
    <Page
      title={user?.name ?? t`User`}
      crumbs={[{ label: t`Users`, link: paths.users(tenant.slug) }]}
      permission="users:read"
      badge={user && <StateBadge of="user" state={user.state} />}
      actions={user && <UserActions user={user} />}
    >
      <Loaded query={query} what="user">
        {(data) => <Content user={data} />}
      </Loaded>
    </Page>
  )
}

function Content({ user }: { user: User }) {
  const tab = oneOf(TABS, route.useSearch().tab) ?? 'overview'
  const navigate = route.useNavigate()
  return (
    <Tabs
      value={tab}
      onChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
      tabs={[
        { value: 'overview', label: t`Overview`, content: <UserOverview user={user} /> },
        { value: 'grants', label: t`Roles`, content: <Grants user={user} /> },
        { value: 'sessions', label: t`Sessions`, content: <UserSessions user={user} /> },
        { value: 'why', label: t`Why?`, content: <Why user={user} /> },
        {
          value: 'timeline',
          label: t`Timeline`,
          content: (
            <Card flush>
              <Timeline targetId={user.id} />
            </Card>
          ),
        },
      ]}
    />
  )
}

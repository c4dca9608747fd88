import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Mail, Plus, UserCog } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { rolesQuery, usersQuery, type User } from '../../api/users.ts'
import { CsvButton } from '../../components/CsvButton.tsx'
import { ChoiceFilter, Filters, oneOf, SearchFilter } from '../../components/Filters.tsx'
import { InviteDialog } from '../../components/InviteDialog.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Select } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { PendingInvitations } from './PendingInvitations.tsx'
import { roleWords } from '../../lib/roleWords.ts'

const route = getRouteApi('/t/$tenant/users')
const STATES = ['active', 'disabled'] as const

export default function UsersPage() {
  const { tenant, can } = useSession()
  const { q, state: typedState, role, page } = route.useSearch()
  const filter = { q, state: oneOf(STATES, typedState), role }
  const navigate = route.useNavigate()
  const { role: roleId, ...plain } = filter
  const list = usersQuery({ tenantId: tenant.id, ...plain, roleId, cursor: cursorOf(page) })
  const query = useQuery({
    ...list,
    enabled: can('users:read'),
  })
  const roles = useQuery({ ...rolesQuery({ tenantId: tenant.id, limit: 200 }), enabled: can('roles:read') })
  const show = (change: Partial<typeof filter>) =>
    void navigate({ search: { ...filter, ...change }, replace: true })
  const filtered = Object.values(filter).some(Boolean)
  return (
    <Page title="Users" permission="users:read" actions={<ListActions />}>
      <Card flush>
        <Filters>
          <SearchFilter label="Search name, e-mail" value={q} onChange={(typed) => show({ q: typed })} />
          <ChoiceFilter
            label="State"
            value={filter.state}
            options={STATES}
            onChange={(state) => show({ state })}
          />
          {can('roles:read') && (
            <Select
              aria-label="Role"
              value={role ?? ''}
              onChange={(event) => show({ role: event.target.value || undefined })}
              className="w-full sm:w-52"
            >
              <option value="">Role: all</option>
              {roles.data?.items.map(({ id, name }) => (
                <option key={id} value={id}>
                  {roleWords(name)}
                </option>
              ))}
            </Select>
          )}
          <CsvButton of={list} />
        </Filters>
        <List
          query={query}
          what="users"
          columns={columnsOf(tenant)}
          trail={page}
          onTrail={(trail) => void navigate({ search: { ...filter, page: trail } })}
          empty={
            <EmptyState icon={UserCog} title={filtered ? t`No user matches` : t`No users yet`}>
              {!filtered && t`A user belongs to a tenant once somebody has given a role in it.`}
            </EmptyState>
          }
        />
      </Card>
      <PendingInvitations tenantId={tenant.id ?? null} />
    </Page>
  )
}

/** Ways to bring people in, to the place that is chosen. An account with a first password is made by the platform alone. */
function ListActions() {
  const { tenant, can } = useSession()
  const [inviting, setInviting] = useState(false)
  const place = tenant.id ?? null
  return (
    <>
      {can('users:manage', place) && (
        <Button icon={<Mail aria-hidden className="size-4" />} onClick={() => setInviting(true)}>
          Invite
        </Button>
      )}
      {can('users:manage', null) && (
        <Link {...paths.newUser(tenant.slug)} className={buttonClass('primary')}>
          <Plus aria-hidden className="size-4" />
          New user
        </Link>
      )}
      <InviteDialog open={inviting} onClose={() => setInviting(false)} tenantId={place} />
    </>
  )
}

const columnsOf = (tenant: { slug: string; id: string | undefined }): Column<User>[] => [
  {
    header: t`User`,
    render: (user) => (
      <>
        <Link {...paths.user(tenant.slug, user.id)} className="font-medium break-words hover:underline">
          {user.name}
        </Link>
        {user.name !== user.email && <div className="text-[13px] break-all text-muted">{user.email}</div>}
      </>
    ),
  },
  {
    header: t`Roles`,
    from: 'sm',
    render: (user) => <Roles user={user} isInTenant={tenant.id !== undefined} />,
  },
  {
    header: t`Second step`,
    from: 'lg',
    narrow: true,
    render: ({ mfa }) => <Badge tone={mfa ? 'success' : 'neutral'}>{mfa ? t`Yes` : t`No`}</Badge>,
  },
  {
    header: t`Last log-in`,
    from: 'md',
    narrow: true,
    render: ({ lastLoginAt }) => (lastLoginAt === null ? t`Never` : <Time at={lastLoginAt} relative />),
  },
  { header: t`State`, narrow: true, render: ({ state }) => <StateBadge of="user" state={state} /> },
]

const SHOWN = 3

function Roles({ user: { grants }, isInTenant }: { user: User; isInTenant: boolean }) {
  if (grants.length === 0) return <span className="text-muted">None</span>
  return (
    <>
      {grants.slice(0, SHOWN).map(({ roleId, tenantId, roleName, tenantName }) => (
        <div key={`${roleId} ${tenantId}`} className="break-words">
          {roleWords(roleName)}
          {!isInTenant && <span className="text-[13px] text-muted"> · {tenantName ?? t`Platform`}</span>}
        </div>
      ))}
      {grants.length > SHOWN && (
        <div className="text-[13px] text-muted">and {grants.length - SHOWN} more</div>
      )}
    </>
  )
}

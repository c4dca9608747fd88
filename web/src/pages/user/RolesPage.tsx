import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { KeyRound, Plus } from 'lucide-react'
import { PLATFORM_ROLES } from '../../../../shared/permissions.ts'
import { SHOULD_REQUIRE_MFA } from '../../../../shared/states/role.ts'
import { t } from '../../../../shared/text.ts'
import { rolesQuery, type Role } from '../../api/users.ts'
import { oneOf } from '../../components/Filters.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { isPlatformUser, useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Tabs } from '../../ui/Tabs.tsx'
import { MfaSwitch } from './MfaSwitch.tsx'
import { RoleMatrix } from './RoleMatrix.tsx'
import { kindOf, ranked } from './roleReasons.ts'
import { roleWords } from '../../lib/roleWords.ts'

const route = getRouteApi('/t/$tenant/roles')
const TABS = ['list', 'matrix'] as const
const MOST = 200
const PLATFORM_KEYS: readonly string[] = PLATFORM_ROLES

export default function RolesPage() {
  const { tenant, can } = useSession()
  const tab = oneOf(TABS, route.useSearch().tab) ?? 'list'
  const navigate = route.useNavigate()
  return (
    <Page
      title="Roles"
      permission="roles:read"
      actions={
        can('roles:manage') && (
          <Link {...paths.newRole(tenant.slug)} className={buttonClass('primary')}>
            <Plus aria-hidden className="size-4" />
            New role
          </Link>
        )
      }
    >
      <MfaHint />
      <Tabs
        value={tab}
        onChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
        tabs={[
          { value: 'list', label: t`List`, content: <Roles /> },
          { value: 'matrix', label: t`Permissions`, content: <Matrix /> },
        ]}
      />
    </Page>
  )
}

/** For those who can do something about it: which roles should not be left to a password alone. */
function MfaHint() {
  const { can } = useSession()
  const responsible = can('roles:manage', null)
  const { data } = useQuery({ ...rolesQuery({ kind: 'builtin', limit: MOST }), enabled: responsible })
  const open = data?.items.filter(({ key, requiresMfa }) => SHOULD_REQUIRE_MFA.includes(key) && !requiresMfa)
  if (!responsible || open === undefined || open.length === 0) return null
  return (
    <Notice tone="info" title="A password alone opens these roles">
      {ranked(open)
        .map(({ name }) => roleWords(name))
        .join(', ')}
      . In production each of them should need a second step.
    </Notice>
  )
}

function Roles() {
  const { me, tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...rolesQuery({ tenantId: tenant.id, cursor: cursorOf(page) }),
    enabled: can('roles:read'),
  })
  // Who belongs to a tenant does not see who holds a role of the platform.
  const seesHolders = (key: string) => isPlatformUser(me) || !PLATFORM_KEYS.includes(key)
  return (
    <Card flush>
      <List
        query={query}
        what="roles"
        columns={columnsOf(tenant.slug, seesHolders)}
        trail={page}
        onTrail={(trail) => void navigate({ search: { tab: 'list', page: trail } })}
        empty={<EmptyState icon={KeyRound} title="No roles" />}
      />
    </Card>
  )
}

const columnsOf = (tenant: string, seesHolders: (key: string) => boolean): Column<Role>[] => [
  {
    header: t`Role`,
    render: (role) => (
      <>
        <Link {...paths.role(tenant, role.id)} className="font-medium break-words hover:underline">
          {roleWords(role.name)}
        </Link>
        <div className="font-mono text-[13px] break-all text-muted">{role.key}</div>
      </>
    ),
  },
  { header: t`Kind`, from: 'sm', narrow: true, render: kindOf },
  {
    header: t`Permissions`,
    from: 'md',
    narrow: true,
    align: 'right',
    render: ({ permissions }) => permissions.length,
  },
  {
    header: t`Is held`,
    from: 'sm',
    narrow: true,
    render: ({ id, key, held }) =>
      held ? (
        <Link {...paths.users(tenant, { role: id })} className="hover:underline">
          By users
        </Link>
      ) : (
        <span className="text-muted">{seesHolders(key) ? t`By nobody` : '—'}</span>
      ),
  },
  { header: t`Second step`, narrow: true, render: (role) => <MfaSwitch role={role} /> },
]

function Matrix() {
  const { tenant } = useSession()
  const builtin = useQuery(rolesQuery({ kind: 'builtin', limit: MOST }))
  const own = useQuery(
    rolesQuery(
      tenant.id === undefined
        ? { kind: 'platform', limit: MOST }
        : { kind: 'tenant', tenantId: tenant.id, limit: MOST },
    ),
  )
  return (
    <Card flush>
      <p className="border-b border-line px-4 py-2.5 text-muted">
        {tenant.id === undefined
          ? t`Built-in roles and those of the platform. A tenant’s own roles are shown when you choose the tenant at the top.`
          : t`Built-in roles and those of ${tenant.name}.`}{' '}
        Built-in ones cannot be changed.
      </p>
      <Loaded query={builtin} what="roles">
        {(first) => (
          <Loaded query={own} what="roles">
            {(more) => <RoleMatrix roles={[...more.items, ...ranked(first.items)]} />}
          </Loaded>
        )}
      </Loaded>
    </Card>
  )
}

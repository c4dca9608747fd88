import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Building2, Plus, Settings2 } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { tenantsQuery, type Tenant } from '../../api/tenants.ts'
import { ChoiceFilter, Filters, oneOf, SearchFilter } from '../../components/Filters.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { permits, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Select } from '../../ui/Field.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'

const route = getRouteApi('/t/$tenant/tenants')

const STATES = ['active', 'suspended', 'closing', 'closed'] as const
const ORDERS = ['createdAt'] as const

export default function TenantsPage() {
  const { me, tenant, can } = useSession()
  const { q, state, sort, page } = route.useSearch()
  const filter = { q, state: oneOf(STATES, state), sort: oneOf(ORDERS, sort) }
  const navigate = route.useNavigate()
  const query = useQuery({
    ...tenantsQuery({ ...filter, cursor: cursorOf(page) }),
    enabled: can('tenants:read'),
  })
  const show = (change: Partial<typeof filter>) =>
    void navigate({ search: { ...filter, ...change }, replace: true })
  const filtered = filter.q !== undefined || filter.state !== undefined
  const create = permits(me, 'tenants:create') && (
    <Link {...paths.newTenant(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      New tenant
    </Link>
  )
  const columns: Column<Tenant>[] = [
    {
      header: t`Tenant`,
      render: (row) => (
        <>
          <Link {...paths.tenant(tenant.slug, row.id)} className="font-medium break-words hover:underline">
            {row.name}
          </Link>
          <div className="font-mono text-[13px] text-muted">{row.slug}</div>
        </>
      ),
    },
    { header: t`State`, narrow: true, render: (row) => <StateBadge of="tenant" state={row.state} /> },
    { header: t`Currency`, from: 'sm', narrow: true, render: (row) => row.defaultCurrency },
    { header: t`Billing zone`, from: 'md', narrow: true, render: (row) => row.billingTz },
    { header: t`Since`, from: 'md', narrow: true, render: (row) => <Time at={row.createdAt} relative /> },
  ]
  return (
    <Page
      title="Tenants"
      permission="tenants:read"
      actions={
        <>
          {permits(me, 'tenants:settings') && (
            <Link {...paths.platformSettings(tenant.slug)} className={buttonClass()}>
              <Settings2 aria-hidden className="size-4" />
              Settings of all
            </Link>
          )}
          {create}
        </>
      }
    >
      <Card flush>
        <Filters>
          <SearchFilter label="Search by name" value={q} onChange={(typed) => show({ q: typed })} />
          <ChoiceFilter
            label="State"
            value={filter.state}
            options={STATES}
            onChange={(chosen) => show({ state: chosen })}
          />
          <Select
            aria-label="Order of the list"
            value={filter.sort ?? ''}
            className="w-full sm:w-44"
            onChange={(event) => show({ sort: oneOf(ORDERS, event.target.value) })}
          >
            <option value="">Newest first</option>
            <option value="createdAt">Oldest first</option>
          </Select>
        </Filters>
        <List
          query={query}
          what="tenants"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { ...filter, page: trail } })}
          empty={
            <EmptyState
              icon={Building2}
              title={filtered ? t`No tenant matches` : t`No tenants yet`}
              action={!filtered && create}
            >
              {!filtered && t`A tenant is a company or reseller with its own customers, pods and quota.`}
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}

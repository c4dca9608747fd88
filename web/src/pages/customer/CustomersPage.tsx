import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Plus, Users } from 'lucide-react'
import { customersQuery, type Customer } from '../../api/customers.ts'
import { Filters, SearchFilter } from '../../components/Filters.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'

const route = getRouteApi('/t/$tenant/customers')

export default function CustomersPage() {
  const { tenant, can } = useSession()
  const { q, page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...customersQuery({ tenantId: tenant.id, q, cursor: cursorOf(page) }),
    enabled: can('customers:read'),
  })
  const create = can('customers:create') && (
    <Link {...paths.newCustomer(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      New customer
    </Link>
  )
  const columns: Column<Customer>[] = [
    {
      header: 'Customer',
      render: (customer) => (
        <>
          <Link
            {...paths.customer(tenant.slug, customer.id)}
            className="font-medium break-words hover:underline"
          >
            {customer.name}
          </Link>
          {customer.company && <div className="text-[13px] text-muted">{customer.company}</div>}
        </>
      ),
    },
    {
      header: 'E-mail',
      from: 'sm',
      render: (customer) => <span className="break-all">{customer.email}</span>,
    },
    { header: 'Country', from: 'lg', narrow: true, render: (customer) => customer.country ?? '—' },
    { header: 'Currency', from: 'md', narrow: true, render: (customer) => customer.currency },
    {
      header: 'State',
      narrow: true,
      render: (customer) => <StateBadge of="catalogue" state={customer.state} />,
    },
    {
      header: 'Since',
      from: 'md',
      narrow: true,
      render: (customer) => <Time at={customer.createdAt} relative />,
    },
  ]
  return (
    <Page title="Customers" permission="customers:read" actions={create}>
      <Card flush>
        <Filters>
          <SearchFilter
            label="Search by name or e-mail"
            value={q}
            onChange={(typed) => void navigate({ search: { q: typed }, replace: true })}
          />
        </Filters>
        <List
          query={query}
          what="customers"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { q, page: trail } })}
          empty={
            <EmptyState
              icon={Users}
              title={q ? 'No customer matches' : 'No customers yet'}
              action={!q && create}
            />
          }
        />
      </Card>
    </Page>
  )
}

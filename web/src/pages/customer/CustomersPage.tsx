import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Download, Plus, Settings2, Upload, Users } from 'lucide-react'
import { CUSTOMER_STATES as STATES } from '../../../../shared/states/customer.ts'
import { t } from '../../../../shared/text.ts'
import { customersFile } from '../../api/customerMerge.ts'
import { customersQuery, type Customer } from '../../api/customers.ts'
import { groupsQuery } from '../../api/customerSettings.ts'
import { ChoiceFilter, Filters, oneOf, SearchFilter } from '../../components/Filters.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { Tags, TagFilter } from '../../components/Tags.tsx'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Select } from '../../ui/Field.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'

const route = getRouteApi('/t/$tenant/customers')

export default function CustomersPage() {
  const { tenant, can } = useSession()
  const { q, state: typedState, group, tag, page } = route.useSearch()
  const filter = { q, state: oneOf(STATES, typedState), group, tag }
  const navigate = route.useNavigate()
  const query = useQuery({
    ...customersQuery({
      tenantId: tenant.id,
      q,
      state: filter.state,
      groupId: group,
      tag,
      cursor: cursorOf(page),
    }),
    enabled: can('customers:read'),
  })
  const groups = useQuery({
    ...groupsQuery({ tenantId: tenant.id, limit: 200 }),
    enabled: can('customers:read'),
  })
  const show = (change: Partial<typeof filter>) =>
    void navigate({ search: { ...filter, ...change }, replace: true })
  const filtered = Object.values(filter).some(Boolean)
  const create = can('customers:create') && (
    <Link {...paths.newCustomer(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      New customer
    </Link>
  )
  return (
    <Page
      title="Customers"
      permission="customers:read"
      actions={
        <>
          <Link {...paths.customerSettings(tenant.slug)} className={buttonClass()}>
            <Settings2 aria-hidden className="size-4" />
            Groups and fields
          </Link>
          {can('customers:import') && (
            <Link {...paths.importCustomers(tenant.slug)} className={buttonClass()}>
              <Upload aria-hidden className="size-4" />
              Import
            </Link>
          )}
          {can('customers:export') && (
            <a
              href={customersFile({ tenantId: tenant.id, q, state: filter.state, groupId: group, tag })}
              className={buttonClass()}
            >
              <Download aria-hidden className="size-4" />
              Export CSV
            </a>
          )}
          {create}
        </>
      }
    >
      <Card flush>
        <Filters>
          <SearchFilter
            label="Search name, e-mail, tax id"
            value={q}
            onChange={(typed) => show({ q: typed })}
          />
          <ChoiceFilter
            label="State"
            value={filter.state}
            options={STATES}
            onChange={(state) => show({ state })}
          />
          <Select
            aria-label="Group"
            value={group ?? ''}
            onChange={(event) => show({ group: event.target.value || undefined })}
            className="w-full sm:w-52"
          >
            <option value="">Group: all</option>
            {groups.data?.items.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
          <TagFilter tag={tag} what="customers" onEnd={() => show({ tag: undefined })} />
        </Filters>
        <List
          query={query}
          what="customers"
          columns={columnsOf(tenant.slug)}
          trail={page}
          onTrail={(trail) => void navigate({ search: { ...filter, page: trail } })}
          empty={
            <EmptyState
              icon={Users}
              title={filtered ? t`No customer matches` : t`No customers yet`}
              action={!filtered && create}
            >
              {!filtered && t`A customer is who orders subscriptions and gets the invoices.`}
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}

const columnsOf = (tenant: string): Column<Customer>[] => [
  {
    header: t`Customer`,
    render: (customer) => (
      <>
        <Link {...paths.customer(tenant, customer.id)} className="font-medium break-words hover:underline">
          {customer.name}
        </Link>
        {customer.company && <div className="text-[13px] text-muted">{customer.company}</div>}
        <Tags tags={customer.tags} to={(one) => paths.customers(tenant, { tag: one })} />
      </>
    ),
  },
  {
    header: t`E-mail`,
    from: 'sm',
    render: (customer) => <span className="break-all">{customer.email}</span>,
  },
  { header: t`Group`, from: 'lg', narrow: true, render: (customer) => customer.group?.name ?? '—' },
  { header: t`Country`, from: 'lg', narrow: true, render: (customer) => customer.country ?? '—' },
  { header: t`Currency`, from: 'md', narrow: true, render: (customer) => customer.currency },
  {
    header: t`State`,
    narrow: true,
    render: (customer) => <StateBadge of="catalogue" state={customer.state} />,
  },
  {
    header: t`Since`,
    from: 'md',
    narrow: true,
    render: (customer) => <Time at={customer.createdAt} relative />,
  },
]

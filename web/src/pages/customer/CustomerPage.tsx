import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Pencil, Plus, ReceiptText } from 'lucide-react'
import { subscriptionsQuery } from '../../api/billing.ts'
import { customerQuery, type Customer } from '../../api/customers.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { SubscriptionList } from '../../components/SubscriptionList.tsx'
import { Timeline } from '../../components/Timeline.tsx'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'

const route = getRouteApi('/t/$tenant/customers/$id')

export default function CustomerPage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const query = useQuery({ ...customerQuery(id), enabled: can('customers:read') })
  const customer = query.data
  return (
    <Page
      title={customer?.name ?? 'Customer'}
      crumbs={[{ label: 'Customers', link: paths.customers(tenant.slug) }]}
      permission="customers:read"
      badge={customer && <StateBadge of="catalogue" state={customer.state} />}
      actions={customer && <Actions customer={customer} />}
    >
      <Loaded query={query} what="customer">
        {(data) => <Content customer={data} />}
      </Loaded>
    </Page>
  )
}

function Actions({ customer }: { customer: Customer }) {
  const { tenant, can } = useSession()
  return (
    <>
      {can('customers:update', customer.tenantId) && (
        <Link {...paths.editCustomer(tenant.slug, customer.id)} className={buttonClass()}>
          <Pencil aria-hidden className="size-4" />
          Edit
        </Link>
      )}
      {can('subscriptions:write', customer.tenantId) && customer.state === 'active' && (
        <Link {...paths.order(tenant.slug, { customer: customer.id })} className={buttonClass('primary')}>
          <Plus aria-hidden className="size-4" />
          New subscription
        </Link>
      )}
    </>
  )
}

function Content({ customer }: { customer: Customer }) {
  const { can } = useSession()
  const permitted = can('subscriptions:read', customer.tenantId)
  const subscriptions = useQuery({
    ...subscriptionsQuery({ customerId: customer.id, limit: 100 }),
    enabled: permitted,
  })
  return (
    <div className="space-y-4">
      <Card>
        <Facts
          facts={[
            ['E-mail', customer.email],
            ['Kind', humanize(customer.kind)],
            ['Company', customer.company],
            ['Country', customer.country],
            ['Currency', customer.currency],
            ['Since', <Time key="since" at={customer.createdAt} />],
            ['Id', <CopyId key="id" id={customer.id} what="customer id" />],
          ]}
        />
      </Card>
      <Card title="Subscriptions" flush>
        {permitted ? (
          <SubscriptionList
            query={subscriptions}
            empty={<EmptyState icon={ReceiptText} title="No subscriptions yet" />}
          />
        ) : (
          <p className="p-4 text-muted">{NO_PERMISSION('subscriptions:read')}</p>
        )}
      </Card>
      <Card title="Timeline" flush>
        <Timeline targetId={customer.id} />
      </Card>
    </div>
  )
}

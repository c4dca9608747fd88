import type { UseQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Page } from '../../../shared/api/common.ts'
import { t } from '../../../shared/text.ts'
import type { Subscription } from '../api/billing.ts'
import { priceText } from '../lib/words.ts'
import { paths } from '../paths.ts'
import type { Column } from '../ui/DataTable.tsx'
import { Time } from '../ui/Time.tsx'
import { List } from './List.tsx'
import { useSession } from './session.ts'
import { StateBadge } from './StateBadge.tsx'

/** Subscriptions as every page lists them. */
export function SubscriptionList({
  query,
  withCustomer = false,
  empty,
  trail,
  onTrail,
}: {
  query: UseQueryResult<Page<Subscription>>
  withCustomer?: boolean
  empty: ReactNode
  trail?: string | undefined
  onTrail?: (trail: string | undefined) => void
}) {
  const { tenant } = useSession()
  const customer: Column<Subscription> = {
    header: t`Customer`,
    from: 'md',
    render: (row) => (
      <Link {...paths.customer(tenant.slug, row.customer.id)} className="hover:underline">
        {row.customer.name}
      </Link>
    ),
  }
  const columns: Column<Subscription>[] = [
    {
      header: t`Subscription`,
      render: (row) => (
        <>
          <Link
            {...paths.subscription(tenant.slug, row.id)}
            className="font-medium break-words hover:underline"
          >
            {row.pod?.hostname ?? row.plan.name}
          </Link>
          <div className="text-[13px] text-muted">
            {row.plan.name}
            {withCustomer && <span className="md:hidden"> · {row.customer.name}</span>}
          </div>
        </>
      ),
    },
    ...(withCustomer ? [customer] : []),
    { header: t`State`, narrow: true, render: (row) => <SubscriptionState subscription={row} /> },
    { header: t`Price`, from: 'lg', narrow: true, render: (row) => priceText(row.price) },
    { header: t`Period ends`, from: 'lg', narrow: true, render: (row) => <Time at={row.periodEnd} /> },
    { header: t`Ordered`, from: 'md', narrow: true, render: (row) => <Time at={row.createdAt} relative /> },
  ]
  return (
    <List
      query={query}
      what="subscriptions"
      columns={columns}
      empty={empty}
      trail={trail}
      onTrail={onTrail}
    />
  )
}

function SubscriptionState({ subscription }: { subscription: Subscription }) {
  return (
    <div className="flex flex-col items-start gap-1">
      <StateBadge of="subscription" state={subscription.state} />
      {subscription.hold && <span className="text-xs text-muted">Held</span>}
      {subscription.deliveryProblem && <span className="text-xs text-danger-text">Delivery failed</span>}
      {subscription.cancelAt && subscription.endedAt === null && (
        <span className="text-xs text-muted">
          Ends <Time at={subscription.cancelAt} />
        </span>
      )}
    </div>
  )
}

import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Plus, ReceiptText } from 'lucide-react'
import { SUBSCRIPTION_STATES } from '../../../../shared/states/billingSubscription.ts'
import { t } from '../../../../shared/text.ts'
import { subscriptionsQuery } from '../../api/billing.ts'
import { CsvButton } from '../../components/CsvButton.tsx'
import { ChoiceFilter, Filters, oneOf } from '../../components/Filters.tsx'
import { cursorOf } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { SubscriptionList } from '../../components/SubscriptionList.tsx'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'

const route = getRouteApi('/t/$tenant/subscriptions')

export default function SubscriptionsPage() {
  const { tenant, can } = useSession()
  const { state: wanted, page } = route.useSearch()
  const navigate = route.useNavigate()
  const state = oneOf(SUBSCRIPTION_STATES, wanted)
  const permitted = can('subscriptions:read')
  const list = subscriptionsQuery({ tenantId: tenant.id, state, cursor: cursorOf(page) })
  const query = useQuery({
    ...list,
    enabled: permitted,
  })
  const order = can('subscriptions:write') && (
    <Link {...paths.order(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      New subscription
    </Link>
  )
  return (
    <Page title="Subscriptions" permission="subscriptions:read" actions={order}>
      <Card flush>
        <Filters>
          <ChoiceFilter
            label="State"
            value={state}
            options={SUBSCRIPTION_STATES}
            onChange={(chosen) => void navigate({ search: { state: chosen } })}
          />
          <CsvButton of={list} />
        </Filters>
        <SubscriptionList
          query={query}
          withCustomer
          trail={page}
          onTrail={(trail) => void navigate({ search: { state, page: trail } })}
          empty={
            <EmptyState
              icon={ReceiptText}
              title={state ? t`No subscription is in this state` : t`No subscriptions yet`}
              action={!state && order}
            >
              {!state && t`A subscription sells a plan to a customer and keeps its CloudPod until it ends.`}
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}

import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { subscriptionQuery, type Subscription } from '../../api/billing.ts'
import { jobsQuery } from '../../api/provisioning.ts'
import { JobList } from '../../components/JobList.tsx'
import { isOver, JobProgress } from '../../components/JobProgress.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { dayOf, oneOf } from '../../components/Filters.tsx'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Tabs } from '../../ui/Tabs.tsx'
import { Invoices } from './Invoices.tsx'
import { SubscriptionActions } from './SubscriptionActions.tsx'
import { SubscriptionOverview } from './SubscriptionOverview.tsx'
import { WhatHappened } from './SubscriptionTimeline.tsx'
import { ASSUMPTIONS, WhatHappensNext } from './WhatHappensNext.tsx'

const route = getRouteApi('/t/$tenant/subscriptions/$id')
const TABS = ['invoices', 'next', 'jobs', 'timeline'] as const

export default function SubscriptionPage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const query = useQuery({ ...subscriptionQuery(id), enabled: can('subscriptions:read') })
  const subscription = query.data
  return (
    <Page
      title={subscription ? (subscription.pod?.hostname ?? subscription.plan.name) : t`Subscription`}
      crumbs={[{ label: t`Subscriptions`, link: paths.subscriptions(tenant.slug) }]}
      permission="subscriptions:read"
      badge={subscription && <StateBadge of="subscription" state={subscription.state} />}
      actions={subscription && <SubscriptionActions subscription={subscription} />}
    >
      <Loaded query={query} what="subscription">
        {(data) => <Content subscription={data} />}
      </Loaded>
    </Page>
  )
}

function Content({ subscription }: { subscription: Subscription }) {
  const { can } = useSession()
  const search = route.useSearch()
  const tab = oneOf(TABS, search.tab) ?? 'invoices'
  const assume = oneOf(ASSUMPTIONS, search.assume) ?? 'paid'
  const navigate = route.useNavigate()
  const mayJobs = can('jobs:read', subscription.tenantId)
  const jobs = useQuery({
    ...jobsQuery({ subjectId: subscription.pod?.id ?? subscription.id, limit: 20 }),
    enabled: mayJobs,
  })
  const current = jobs.data?.items.find((job) => !isOver(job))
  return (
    <div className="space-y-4">
      <SubscriptionOverview subscription={subscription} />
      {current && <JobProgress job={current} />}
      <Tabs
        value={tab}
        onChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
        tabs={[
          {
            value: 'invoices',
            label: t`Invoices`,
            content: <Invoices of={{ subscriptionId: subscription.id }} tenantId={subscription.tenantId} />,
          },
          {
            value: 'next',
            label: t`What happens next`,
            content: (
              <WhatHappensNext
                subscription={subscription}
                assume={assume}
                until={dayOf(search.until)}
                onChange={(chosen) =>
                  void navigate({ search: (old) => ({ ...old, tab: 'next', ...chosen }), replace: true })
                }
              />
            ),
          },
          {
            value: 'jobs',
            label: t`Jobs`,
            content: (
              <Card flush>
                {mayJobs ? (
                  <JobList query={jobs} />
                ) : (
                  <p className="p-4 text-muted">{NO_PERMISSION('jobs:read')}</p>
                )}
              </Card>
            ),
          },
          can('audit:read') && {
            value: 'timeline',
            label: t`Timeline`,
            content: <WhatHappened subscription={subscription} />,
          },
        ]}
      />
    </div>
  )
}

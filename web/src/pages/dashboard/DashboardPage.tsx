import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { POD_STATES } from '../../../../shared/states/cloudPod.ts'
import { SUBSCRIPTION_STATES } from '../../../../shared/states/billingSubscription.ts'
import { t } from '../../../../shared/text.ts'
import { dashboardQuery, type Dashboard } from '../../api/dashboard.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Jobs } from './Jobs.tsx'
import { SetupCard } from './SetupCard.tsx'
import { States } from './States.tsx'
import { Tiles } from './Tiles.tsx'

// They stand below what one looks at first.
const Queues = lazy(() => import('./Queues.tsx'))
const Capacity = lazy(() => import('./Capacity.tsx'))
const Findings = lazy(() => import('./Findings.tsx'))
const Quota = lazy(() => import('./Quota.tsx'))
const Activity = lazy(() => import('./Activity.tsx'))

/** How things are, as far as the user may know. What he may not read is not there. */
export default function DashboardPage() {
  const { tenant } = useSession()
  const query = useQuery(dashboardQuery(tenant.id))
  return (
    <Page title={tenant.id === undefined ? t`Dashboard` : t`Dashboard of ${tenant.name}`}>
      <Loaded query={query} what="dashboard">
        {(dashboard) => <Cards dashboard={dashboard} />}
      </Loaded>
    </Page>
  )
}

function Cards({ dashboard }: { dashboard: Dashboard }) {
  const { tenant, can } = useSession()
  const { cloudPods, subscriptions, jobs } = dashboard
  const [findings, ofBilling] = [dashboard.findings ?? [], dashboard.billingFindings ?? []]
  const ofPlatform = tenant.id === undefined && can('infrastructure:read', null)
  return (
    <div className="space-y-4">
      {tenant.id === undefined && can('infrastructure:manage', null) && <SetupCard />}
      <Tiles dashboard={dashboard} />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        {cloudPods && (
          <States
            title="CloudPods by state"
            of="pod"
            order={POD_STATES}
            counts={cloudPods}
            to={(state) => paths.cloudPods(tenant.slug, { state })}
          />
        )}
        {subscriptions && (
          <States
            title="Subscriptions by state"
            of="subscription"
            order={SUBSCRIPTION_STATES}
            counts={subscriptions}
            to={(state) => paths.subscriptions(tenant.slug, { state })}
          />
        )}
        {jobs && <Jobs jobs={jobs} />}
        {ofPlatform && (
          <Suspense>
            <Queues />
            <Capacity />
          </Suspense>
        )}
        <Suspense>
          {findings.length + ofBilling.length > 0 && <Findings findings={findings} ofBilling={ofBilling} />}
          {tenant.id !== undefined && can('tenants:read') && <Quota tenantId={tenant.id} />}
          {can('audit:read') && <Activity />}
        </Suspense>
      </div>
    </div>
  )
}

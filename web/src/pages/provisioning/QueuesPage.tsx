import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { queuesQuery } from '../../api/provisioningControls.ts'
import { oneOf } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { Tabs } from '../../ui/Tabs.tsx'
import { Alerts, Brakes } from './Brakes.tsx'
import { EmergencyStop } from './EmergencyStop.tsx'
import { JobLimits } from './JobLimits.tsx'
import { Kinds, Pauses, Queues } from './QueueTables.tsx'
import { Timers, Workers } from './Fleet.tsx'

const route = getRouteApi('/t/$tenant/queues')
const TABS = ['queues', 'limits', 'workers', 'timers'] as const

/** How the work flows, and the levers to stop it. */
export default function QueuesPage() {
  const { can } = useSession()
  const tab = oneOf(TABS, route.useSearch().tab) ?? 'queues'
  const navigate = route.useNavigate()
  const query = useQuery({ ...queuesQuery(), enabled: can('infrastructure:read', null) })
  return (
    <Page
      title="Queues & workers"
      permission="infrastructure:read"
      ofPlatform
      actions={query.data && <EmergencyStop stopped={query.data.stopped} />}
    >
      <Loaded query={query} what="queues">
        {(overview) => (
          <div className="space-y-4">
            <Pauses overview={overview} />
            <Brakes />
            <Alerts />
            <Tabs
              value={tab}
              onChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
              tabs={[
                {
                  value: 'queues',
                  label: t`Queues`,
                  content: (
                    <div className="space-y-4">
                      <Queues overview={overview} />
                      <Kinds overview={overview} />
                    </div>
                  ),
                },
                { value: 'limits', label: t`Limits`, content: <JobLimits overview={overview} /> },
                { value: 'workers', label: t`Workers`, content: <Workers /> },
                { value: 'timers', label: t`Timers`, content: <Timers /> },
              ]}
            />
          </div>
        )}
      </Loaded>
    </Page>
  )
}

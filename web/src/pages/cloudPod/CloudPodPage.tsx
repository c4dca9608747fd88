import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { cloudPodQuery, type CloudPodDetail } from '../../api/cloudPods.ts'
import { jobsQuery } from '../../api/provisioning.ts'
import { ConsoleButton } from '../../components/ConsoleButton.tsx'
import { oneOf } from '../../components/Filters.tsx'
import { JobList } from '../../components/JobList.tsx'
import { isOver, JobProgress } from '../../components/JobProgress.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { PowerButtons } from '../../components/PowerButtons.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { PodBadges } from '../../components/StateBadge.tsx'
import { Timeline } from '../../components/Timeline.tsx'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Tabs } from '../../ui/Tabs.tsx'
import { Backups } from './Backups.tsx'
import { CloudPodDestroy } from './CloudPodDestroy.tsx'
import { CloudPodDetails } from './CloudPodDetails.tsx'
import { CloudPodMigrate } from './CloudPodMigrate.tsx'
import { CloudPodOverview } from './CloudPodOverview.tsx'
import { CloudPodRebuild } from './CloudPodRebuild.tsx'
import { CloudPodResize } from './CloudPodResize.tsx'
import { CloudPodTemplate } from './CloudPodTemplate.tsx'
import { DeletedCard } from './DeletedCard.tsx'
import { KeptGuestCard } from './KeptGuestCard.tsx'
import { Firewall } from './Firewall.tsx'
import { Metrics } from './Metrics.tsx'
import { Network } from './Network.tsx'
import { Snapshots } from './Snapshots.tsx'
import { Traffic } from './Traffic.tsx'

const route = getRouteApi('/t/$tenant/cloudpods/$id')
/** As often as clusters are compared. */
const MINUTE_MS = 60_000
const TABS = ['jobs', 'network', 'metrics', 'snapshots', 'backups', 'timeline'] as const

export default function CloudPodPage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  // That its cluster was compared again and nothing has changed is told by no event.
  const query = useQuery({ ...cloudPodQuery(id), enabled: can('cloudpods:read'), refetchInterval: MINUTE_MS })
  const pod = query.data
  return (
    <Page
      title={pod?.hostname ?? t`CloudPod`}
      crumbs={[{ label: t`CloudPods`, link: paths.cloudPods(tenant.slug) }]}
      permission="cloudpods:read"
      badge={pod && <PodBadges pod={pod} />}
      actions={
        pod && (
          <>
            <PowerButtons pod={pod} />
            <ConsoleButton pod={pod} />
            <CloudPodResize pod={pod} />
            <CloudPodRebuild pod={pod} />
            <CloudPodTemplate pod={pod} />
            <CloudPodMigrate pod={pod} />
            <CloudPodDestroy pod={pod} />
          </>
        )
      }
    >
      <Loaded query={query} what="CloudPod">
        {(data) => <Content pod={data} />}
      </Loaded>
    </Page>
  )
}

function Content({ pod }: { pod: CloudPodDetail }) {
  const { can } = useSession()
  const tab = oneOf(TABS, route.useSearch().tab) ?? 'jobs'
  const navigate = route.useNavigate()
  const mayJobs = can('jobs:read', pod.tenantId)
  const jobs = useQuery({ ...jobsQuery({ subjectId: pod.id, limit: 20 }), enabled: mayJobs })
  const current = jobs.data?.items.find((job) => !isOver(job))
  return (
    <div className="space-y-4">
      {current && <JobProgress job={current} />}
      <DeletedCard pod={pod} />
      <CloudPodOverview pod={pod} />
      <KeptGuestCard pod={pod} />
      <CloudPodDetails pod={pod} />
      <Tabs
        value={tab}
        onChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
        tabs={[
          {
            value: 'jobs',
            label: t`Recent jobs`,
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
          {
            value: 'network',
            label: t`Network`,
            content: (
              <div className="space-y-4">
                <Network pod={pod} />
                <Firewall pod={pod} />
              </div>
            ),
          },
          {
            value: 'metrics',
            label: t`Metrics`,
            content: (
              <div className="space-y-4">
                <Metrics pod={pod} />
                <Traffic podId={pod.id} />
              </div>
            ),
          },
          { value: 'snapshots', label: t`Snapshots`, content: <Snapshots pod={pod} /> },
          { value: 'backups', label: t`Backups`, content: <Backups pod={pod} /> },
          can('audit:read') && {
            value: 'timeline',
            label: t`Timeline`,
            content: (
              <Card flush>
                <Timeline targetId={pod.id} targetType="cloudPod" />
              </Card>
            ),
          },
        ]}
      />
    </div>
  )
}

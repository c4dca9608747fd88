import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { suspensionQuery, type SuspensionView } from '../../api/tenants.ts'
import { JobText } from '../../components/JobText.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { Card, Facts } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Progress } from '../../ui/Progress.tsx'
import { Time } from '../../ui/Time.tsx'

type Suspension = NonNullable<SuspensionView['suspension']>
type Pod = Suspension['pods'][number]

/** The suspension that holds, or one whose pods are still being restored, with the progress of each pod. */
export function SuspensionCard({ tenantId }: { tenantId: string }) {
  const { data } = useQuery(suspensionQuery(tenantId))
  const suspension = data?.suspension
  if (!suspension) return null
  const { counts, endedAt } = suspension
  const done = endedAt === null ? counts.stopped : counts.restored
  if (endedAt !== null && done === counts.pods) return null
  const title = endedAt === null ? t`Suspended` : t`Being restored`
  const label =
    endedAt === null ? t`${done} of ${counts.pods} pods stopped` : t`${done} of ${counts.pods} pods restored`
  return (
    <Card title={title} flush>
      <div className="space-y-4 p-4">
        <Facts
          facts={[
            [t`Reason`, suspension.reason],
            [t`Since`, <Time key="since" at={suspension.startedAt} />],
            endedAt === null ? null : [t`Restored`, <Time key="restored" at={endedAt} />],
          ]}
        />
        <div>
          <p className="mb-1 text-[13px]">{label}</p>
          <Progress value={counts.pods === 0 ? 100 : Math.round((done / counts.pods) * 100)} label={label} />
        </div>
      </div>
      {suspension.pods.length > 0 && <Pods pods={suspension.pods} restoring={endedAt !== null} />}
    </Card>
  )
}

function Pods({ pods, restoring }: { pods: Pod[]; restoring: boolean }) {
  const { tenant } = useSession()
  const columns: Column<Pod>[] = [
    {
      header: t`CloudPod`,
      render: (row) => (
        <Link {...paths.cloudPod(tenant.slug, row.id)} className="break-all hover:underline">
          {row.hostname}
        </Link>
      ),
    },
    {
      header: t`Before`,
      narrow: true,
      from: 'sm',
      render: (row) => (row.ran === null ? t`Not known yet` : row.ran ? t`Ran` : t`Was off`),
    },
    {
      header: restoring ? t`Restored` : t`Stopped`,
      narrow: true,
      render: (row) => {
        const at = restoring ? row.restoredAt : row.stoppedAt
        if (at !== null) return <Time at={at} relative />
        return row.jobState === null ? t`Waiting` : <StateBadge of="job" state={row.jobState as 'ready'} />
      },
    },
    { header: t`Waits for`, from: 'md', render: (row) => <JobText text={row.waitingFor} /> },
  ]
  return <DataTable label="Pods of the suspension" columns={columns} rows={pods} rowKey={(row) => row.id} />
}

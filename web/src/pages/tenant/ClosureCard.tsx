import { Download } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { useSubmit } from '../../api/submit.ts'
import { downloadProof, type ClosureView } from '../../api/tenantEnd.ts'
import type { Tenant } from '../../api/tenants.ts'
import { JobText } from '../../components/JobText.tsx'
import { StateBadge } from '../../components/StateBadge.tsx'
import { locale } from '../../lib/language.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Progress } from '../../ui/Progress.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

type Closure = NonNullable<ClosureView['closure']>
type Pod = Closure['pods'][number]

/** A closing with the progress of each pod, and the proof once it is done. */
export function ClosureCard({ tenant, closure }: { tenant: Tenant; closure: Closure }) {
  const { counts, erased } = closure
  const rows = Object.values(erased).reduce((sum, n) => sum + n, 0)
  const label = t`${counts.gone} of ${counts.pods} CloudPods gone`
  const proof = useSubmit<null, unknown>({ send: () => downloadProof(tenant.id, tenant.slug) })
  return (
    <Card
      title="Closing"
      flush
      actions={
        closure.state === 'closed' && (
          <Button
            size="sm"
            icon={<Download aria-hidden className="size-4" />}
            loading={proof.isPending}
            onClick={() =>
              proof.mutate(null, { onError: (error) => toast.failed(t`Not downloaded`, error.message) })
            }
          >
            Proof of deletion
          </Button>
        )
      }
    >
      <div className="space-y-4 p-4">
        <Facts
          facts={[
            [t`State`, <StateBadge key="state" of="closure" state={closure.state} />],
            [t`Reason`, closure.reason],
            [t`Started`, <Time key="started" at={closure.startedAt} />],
            closure.state === 'cooling'
              ? [t`Destruction begins`, <Time key="due" at={closure.dueAt} />]
              : [t`Rows erased`, rows.toLocaleString(locale)],
            closure.endedAt === null ? null : [t`Ended`, <Time key="ended" at={closure.endedAt} />],
            closure.waitingFor === null
              ? null
              : [t`Waits for`, <JobText key="waits" text={closure.waitingFor} />],
          ]}
        />
        {closure.state === 'destroying' && (
          <div>
            <p className="mb-1 text-[13px]">{label}</p>
            <Progress
              value={counts.pods === 0 ? 100 : Math.round((counts.gone / counts.pods) * 100)}
              label={label}
            />
          </div>
        )}
      </div>
      {closure.pods.length > 0 && <Pods pods={closure.pods} />}
    </Card>
  )
}

function Pods({ pods }: { pods: Pod[] }) {
  const columns: Column<Pod>[] = [
    { header: t`CloudPod`, render: (row) => <span className="break-all">{row.hostname}</span> },
    {
      header: t`State`,
      narrow: true,
      render: (row) => <StateBadge of="pod" state={row.state as 'active'} />,
    },
    {
      header: t`Job`,
      narrow: true,
      from: 'sm',
      render: (row) =>
        row.jobState === null ? '—' : <StateBadge of="job" state={row.jobState as 'ready'} />,
    },
    { header: t`Waits for`, from: 'md', render: (row) => <JobText text={row.waitingFor} /> },
  ]
  return <DataTable label="CloudPods of the closing" columns={columns} rows={pods} rowKey={(row) => row.id} />
}

import { useQuery } from '@tanstack/react-query'
import { Archive, Plus } from 'lucide-react'
import { useState } from 'react'
import { canBackup } from '../../../../shared/states/cloudPodBackup.ts'
import { t } from '../../../../shared/text.ts'
import type { CloudPod } from '../../api/cloudPods.ts'
import { backupsQuery, restoreBackup, takeBackup, type CloudPodBackup } from '../../api/cloudPodBackups.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { fileSize } from '../../lib/words.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { BackupActions } from './BackupActions.tsx'
import { BackupSchedule } from './BackupSchedule.tsx'
import { RestoreToNew } from './RestoreToNew.tsx'
import { countOf } from './Snapshots.tsx'

export function Backups({ pod }: { pod: CloudPod }) {
  const { can } = useSession()
  const query = useQuery(backupsQuery(pod.id))
  const [chosen, setChosen] = useState<{ backup: CloudPodBackup; to: 'place' | 'new' } | null>(null)
  const taking = useSubmit({
    send: (_: null, key) => takeBackup(pod.id, key),
    onDone: () => toast.done(t`Backup requested`),
  })
  const { items = [], limit = 0, quota = null } = query.data ?? {}
  const verdict = canBackup.take(pod, items.length, limit, quota)
  const refusal = verdict.allowed ? undefined : verdict.reason
  const columns: Column<CloudPodBackup>[] = [
    {
      header: t`Backup`,
      render: (backup) => <What backup={backup} />,
    },
    { header: t`State`, narrow: true, render: ({ state }) => <StateBadge of="backup" state={state} /> },
    {
      header: t`Size`,
      narrow: true,
      from: 'sm',
      render: ({ sizeBytes }) => (sizeBytes === null ? '—' : fileSize(sizeBytes)),
    },
    { header: t`By`, from: 'lg', render: ({ createdBy }) => createdBy },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (backup) => (
        <BackupActions pod={pod} backup={backup} onRestore={(to) => setChosen({ backup, to })} />
      ),
    },
  ]
  const close = (): void => setChosen(null)
  const inPlace = chosen?.to === 'place' ? chosen.backup : null
  return (
    <div className="space-y-4">
      <BackupSchedule pod={pod} limit={limit} />
      <Card
        title={query.data ? countOf(items.length, limit, quota) : t`Backups`}
        flush
        actions={
          <Button
            size="sm"
            icon={<Plus aria-hidden className="size-4" />}
            loading={taking.isPending}
            disabledReason={
              can('cloudpods:backup', pod.tenantId) ? refusal : NO_PERMISSION('cloudpods:backup')
            }
            onClick={() =>
              taking.mutate(null, {
                onError: (error) => toast.failed(t`The backup was not ordered`, error.message),
              })
            }
          >
            Back up now
          </Button>
        }
      >
        <Loaded query={query} what="backups">
          {() =>
            items.length === 0 ? (
              <EmptyState icon={Archive} title="No backups yet">
                A backup lies on another storage than the CloudPod and outlives it. It is made while the
                CloudPod runs.
              </EmptyState>
            ) : (
              <DataTable label="backups" columns={columns} rows={items} rowKey={({ id }) => id} />
            )
          }
        </Loaded>
      </Card>
      <ConfirmDestroy
        open={inPlace !== null}
        onClose={close}
        title="Restore over this CloudPod"
        name={pod.hostname}
        effect={
          <>
            The CloudPod becomes what it was at <Time at={inPlace?.takenAt ?? null} />. All that was written
            since is lost, and so are its snapshots. It is stopped for it, and started again if it runs now.
          </>
        }
        submitLabel="Restore"
        send={async (key) => inPlace && restoreBackup(inPlace, pod.hostname, key)}
        onDone={() => {
          close()
          toast.done(t`Restore requested`)
        }}
      />
      <RestoreToNew pod={pod} backup={chosen?.to === 'new' ? chosen.backup : null} onClose={close} />
    </div>
  )
}

function What({ backup }: { backup: CloudPodBackup }) {
  const { takenAt, createdAt, restoredAt, kind, problem, expiresAt } = backup
  return (
    <span className="break-words">
      <span className="font-medium">
        <Time at={takenAt ?? createdAt} />
      </span>{' '}
      {kind === 'scheduled' && <Badge tone="neutral">Scheduled</Badge>}{' '}
      {backup.protected && <Badge tone="info">Protected</Badge>}
      {restoredAt && (
        <span className="block text-muted">
          Restored <Time at={restoredAt} />
        </span>
      )}
      {expiresAt && (
        <span className="block text-muted">
          The CloudPod is gone: deleted after <Time at={expiresAt} />
        </span>
      )}
      {problem && <span className="block text-danger-text">{problem}</span>}
    </span>
  )
}

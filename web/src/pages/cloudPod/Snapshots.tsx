import { useQuery } from '@tanstack/react-query'
import { Camera, History, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { canSnapshot } from '../../../../shared/states/cloudPodSnapshot.ts'
import { t } from '../../../../shared/text.ts'
import type { CloudPod } from '../../api/cloudPods.ts'
import {
  deleteSnapshot,
  rollBack,
  snapshotsQuery,
  takeSnapshot,
  type CloudPodSnapshot,
} from '../../api/cloudPodSnapshots.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

export function Snapshots({ pod }: { pod: CloudPod }) {
  const { can } = useSession()
  const query = useQuery(snapshotsQuery(pod.id))
  const [taking, setTaking] = useState(false)
  const [chosen, setChosen] = useState<CloudPodSnapshot | null>(null)
  const removal = useSubmit({
    send: deleteSnapshot,
    onDone: () => toast.done(t`Deletion of the snapshot requested`),
  })
  const denied = can('cloudpods:snapshot', pod.tenantId) ? undefined : NO_PERMISSION('cloudpods:snapshot')
  const whyNot = (verdict: ReturnType<typeof canSnapshot.delete>) =>
    denied ?? (verdict.allowed ? undefined : verdict.reason)
  const columns: Column<CloudPodSnapshot>[] = [
    {
      header: t`Snapshot`,
      render: ({ name, description, problem }) => (
        <span className="break-words">
          <span className="font-medium">{name}</span>
          {description && <span className="block text-muted">{description}</span>}
          {problem && <span className="block text-danger-text">{problem}</span>}
        </span>
      ),
    },
    { header: t`State`, narrow: true, render: ({ state }) => <StateBadge of="snapshot" state={state} /> },
    { header: t`Taken at`, from: 'sm', render: ({ takenAt }) => (takenAt ? <Time at={takenAt} /> : '—') },
    { header: t`By`, from: 'lg', render: ({ createdBy }) => createdBy },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (snapshot) => (
        <span className="inline-flex gap-1">
          <Button
            size="icon"
            variant="ghost"
            aria-label={t`Roll back to ${snapshot.name}`}
            disabledReason={whyNot(canSnapshot.rollback(pod, snapshot))}
            onClick={() => setChosen(snapshot)}
          >
            <History aria-hidden className="size-4" />
          </Button>
          <Button
            size="icon"
            variant="ghost"
            aria-label={t`Delete ${snapshot.name}`}
            disabledReason={whyNot(canSnapshot.delete(pod, snapshot))}
            onClick={() =>
              removal.mutate(snapshot, {
                onError: (error) => toast.failed(t`The snapshot was not deleted`, error.message),
              })
            }
          >
            <Trash2 aria-hidden className="size-4" />
          </Button>
        </span>
      ),
    },
  ]
  const { items = [], limit = 0, quota = null } = query.data ?? {}
  return (
    <Card
      title={query.data ? countOf(items.length, limit, quota) : t`Snapshots`}
      flush
      actions={
        <Button
          size="sm"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={whyNot(canSnapshot.take(pod, items.length, limit, quota))}
          onClick={() => setTaking(true)}
        >
          New snapshot
        </Button>
      }
    >
      <Loaded query={query} what="snapshots">
        {() =>
          items.length === 0 ? (
            <EmptyState icon={Camera} title="No snapshots yet">
              A snapshot keeps the disks as they are now, to go back to. It is no backup: it lies on the same
              storage, and goes with the CloudPod.
            </EmptyState>
          ) : (
            <DataTable label="snapshots" columns={columns} rows={items} rowKey={({ id }) => id} />
          )
        }
      </Loaded>
      <Dialog open={taking} onClose={() => setTaking(false)} title="New snapshot">
        {taking && <SnapshotForm pod={pod} onClose={() => setTaking(false)} />}
      </Dialog>
      <ConfirmDestroy
        open={chosen !== null}
        onClose={() => setChosen(null)}
        title={t`Roll back to ${chosen?.name ?? t`the snapshot`}`}
        name={pod.hostname}
        effect="All that was written to the disks since is lost. The CloudPod is stopped for it, and started again if it runs now."
        submitLabel="Roll back"
        send={async (key) => chosen && rollBack(chosen, pod.hostname, key)}
        onDone={() => {
          setChosen(null)
          toast.done(t`Rollback requested`)
        }}
      />
    </Card>
  )
}

/** Of the pod, and where there is a quota of its tenant, of all pods together. */
export const countOf = (
  count: number,
  limit: number,
  quota: { limit: number; used: number } | null,
): string =>
  quota ? t`${count} of ${limit}, the whole tenant ${quota.used} of ${quota.limit}` : t`${count} of ${limit}`

function SnapshotForm({ pod, onClose }: { pod: CloudPod; onClose: () => void }) {
  const of = useApiForm({
    defaultValues: { name: '', description: '' },
    send: (values: { name: string; description: string }, key) => takeSnapshot(pod.id, values, key),
    onDone: () => {
      toast.done(t`Snapshot requested`)
      onClose()
    },
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Take snapshot" onCancel={onClose}>
      <p>
        The disks are kept as they are at that moment, without the memory of what runs: going back is like
        starting after a power cut.
      </p>
      <Field label="Name" error={errorOf('name')}>
        <Input maxLength={60} {...form.register('name', { required: REQUIRED })} />
      </Field>
      <Field label="Description" optional error={errorOf('description')}>
        <Input maxLength={500} {...form.register('description')} />
      </Field>
    </Form>
  )
}

import { useQuery } from '@tanstack/react-query'
import { MoveRight } from 'lucide-react'
import { useState } from 'react'
import { canPod } from '../../../../shared/states/cloudPod.ts'
import { t } from '../../../../shared/text.ts'
import {
  migrateCloudPod,
  migrationTargetsQuery,
  type CloudPodMigrationTargets,
} from '../../api/cloudPodMigrations.ts'
import type { Accepted, CloudPod } from '../../api/cloudPods.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { toast } from '../../ui/Toast.tsx'

/** Shown to those who run the infrastructure: where a pod is, is nobody else's business. */
export function CloudPodMigrate({ pod }: { pod: CloudPod }) {
  const { can } = useSession()
  const [open, setOpen] = useState(false)
  if (!can('infrastructure:manage', null)) return null
  const verdict = canPod.migrate(pod)
  return (
    <>
      <Button
        icon={<MoveRight aria-hidden className="size-4" />}
        disabledReason={verdict.allowed ? undefined : verdict.reason}
        onClick={() => setOpen(true)}
      >
        Migrate
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={t`Migrate ${pod.hostname}`}>
        <Targets pod={pod} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

function Targets({ pod, onClose }: { pod: CloudPod; onClose: () => void }) {
  // What was true when the dialog was last open is not shown as if it were.
  const query = useQuery({ ...migrationTargetsQuery(pod.id), gcTime: 0 })
  return (
    <Loaded query={query} what="nodes">
      {(targets) => <MigrateForm pod={pod} targets={targets} onClose={onClose} />}
    </Loaded>
  )
}

const AUTOMATIC = 'automatic'

function MigrateForm({
  pod,
  targets: { refusal, nodes },
  onClose,
}: {
  pod: CloudPod
  targets: CloudPodMigrationTargets
  onClose: () => void
}) {
  const of = useApiForm<{ node: string }, Accepted>({
    defaultValues: { node: AUTOMATIC },
    send: ({ node }, key) => migrateCloudPod(pod.id, node === AUTOMATIC ? null : node, key),
    onDone: () => {
      toast.done(t`Migration requested`)
      onClose()
    },
  })
  const node = of.form.watch('node')
  const best = nodes.find(({ reason }) => reason === null)
  const noneFits = nodes.length === 0 ? t`The cluster has no other node.` : t`No other node can take it.`
  return (
    <Form
      of={of}
      submitLabel="Migrate"
      submitReason={refusal ?? (best ? undefined : noneFits)}
      onCancel={onClose}
    >
      <p>{EFFECT[pod.kind][pod.powerState]}</p>
      <RadioCards
        label="Node"
        name="node"
        value={node}
        onChange={(chosen) => of.form.setValue('node', chosen)}
        options={[
          {
            value: AUTOMATIC,
            title: t`Automatic`,
            detail: best && t`The placement would take ${best.name} now.`,
            disabledReason: best ? undefined : noneFits,
          },
          ...nodes.map(({ id, name, memoryShare, ownPods, reason }) => ({
            value: id,
            title: name,
            detail:
              reason === null
                ? t`${Math.round(memoryShare * 100)} % of its memory with this one, ${ownPods} of the tenant’s`
                : undefined,
            disabledReason: reason ?? undefined,
          })),
        ]}
      />
    </Form>
  )
}

const EFFECT: Record<CloudPod['kind'], Record<CloudPod['powerState'], string>> = {
  vm: {
    running: t`The machine stays up while it moves. A disk on a local storage is copied, which takes a while.`,
    stopped: t`The machine is off and stays so. A disk on a local storage is copied, which takes a while.`,
    unknown: t`If the machine runs it stays up. A disk on a local storage is copied, which takes a while.`,
  },
  ct: {
    running: t`The container is shut down, moved and started again: it is away as long as its disk is copied.`,
    stopped: t`The container is off and stays so. A disk on a local storage is copied, which takes a while.`,
    unknown: t`If the container runs it is shut down, moved and started again.`,
  },
}

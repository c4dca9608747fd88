import { Trash2, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { canPod } from '../../../../shared/states/cloudPod.ts'
import { t } from '../../../../shared/text.ts'
import { purgeCloudPod, undeleteCloudPod, type CloudPodDetail } from '../../api/cloudPods.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

/** Until when a deleted pod can be undeleted. */
export function DeletedCard({ pod }: { pod: CloudPodDetail }) {
  const { can } = useSession()
  const [asking, setAsking] = useState(false)
  const undeletion = useSubmit({
    send: (id: string, key) => undeleteCloudPod(id, key),
    onDone: () => toast.done(t`Undelete requested`),
  })
  if (pod.recoverableUntil === null) return null
  const denied = can('cloudpods:delete', pod.tenantId) ? undefined : NO_PERMISSION('cloudpods:delete')
  const whyNot = (verdict: ReturnType<typeof canPod.purge>) =>
    denied ?? (verdict.allowed ? undefined : verdict.reason)
  return (
    <Card title="Deleted">
      <div className="space-y-3">
        <p>
          It can be undeleted until <Time at={pod.recoverableUntil} />; then it is destroyed with its disks.
          Until then it counts against the quota.
        </p>
        <div className="flex flex-wrap gap-2">
          <Button
            variant="primary"
            icon={<Undo2 aria-hidden className="size-4" />}
            loading={undeletion.isPending}
            disabledReason={whyNot(canPod.undelete(pod))}
            onClick={() =>
              undeletion.mutate(pod.id, {
                onError: (error) => toast.failed(t`It cannot be undeleted`, error.message),
              })
            }
          >
            Undelete
          </Button>
          <Button
            icon={<Trash2 aria-hidden className="size-4" />}
            disabledReason={whyNot(canPod.purge(pod))}
            onClick={() => setAsking(true)}
          >
            Delete for good now
          </Button>
        </div>
      </div>
      <ConfirmDestroy
        open={asking}
        onClose={() => setAsking(false)}
        title="Delete for good"
        name={pod.hostname}
        effect="Its guest is removed from its node together with its disks. Its address is released."
        submitLabel="Delete for good"
        send={(key) => purgeCloudPod(pod.id, pod.hostname, key)}
        onDone={() => {
          setAsking(false)
          toast.done(t`Destruction requested`)
        }}
      />
    </Card>
  )
}

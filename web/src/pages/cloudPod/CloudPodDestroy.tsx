import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { canPod } from '../../../../shared/states/cloudPod.ts'
import { sourceName } from '../../../../shared/states/integrationPod.ts'
import { t } from '../../../../shared/text.ts'
import { destroyCloudPod, type CloudPodDetail } from '../../api/cloudPods.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { count } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { toast } from '../../ui/Toast.tsx'

export function CloudPodDestroy({ pod }: { pod: CloudPodDetail }) {
  const { can } = useSession()
  const [open, setOpen] = useState(false)
  const verdict = canPod.delete(pod)
  const refusal = verdict.allowed ? undefined : verdict.reason
  const isKept = pod.undeleteHours > 0 && pod.state === 'active'
  const label = isKept ? t`Delete` : t`Destroy`
  const untold = pod.soldBy ? t`${sourceName(pod.soldBy.source)}, which sells it, is not told.` : null
  return (
    <>
      <Button
        icon={<Trash2 aria-hidden className="size-4" />}
        disabledReason={can('cloudpods:delete', pod.tenantId) ? refusal : NO_PERMISSION('cloudpods:delete')}
        onClick={() => setOpen(true)}
      >
        {label}
      </Button>
      <ConfirmDestroy
        open={open}
        onClose={() => setOpen(false)}
        title={isKept ? t`Delete the CloudPod` : t`Destroy the CloudPod`}
        name={pod.hostname}
        hint={isKept ? t`It can be undeleted until then.` : undefined}
        effect={[
          isKept
            ? t`It is shut down and kept with its disks and its address for ${count(pod.undeleteHours, t`hour`, t`hours`)}, then destroyed.`
            : t`It is stopped and removed from its node together with its disks. Its address is released.`,
          untold,
        ]
          .filter((part) => part !== null)
          .join(' ')}
        submitLabel={label}
        send={() => destroyCloudPod(pod.id)}
        onDone={() => {
          setOpen(false)
          toast.done(isKept ? t`Deletion requested` : t`Destruction requested`)
        }}
      />
    </>
  )
}

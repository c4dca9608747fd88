import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { canPod } from '../../../../shared/states/cloudPod.ts'
import { destroyCloudPod, type CloudPod } from '../../api/cloudPods.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { toast } from '../../ui/Toast.tsx'

export function CloudPodDestroy({ pod }: { pod: CloudPod }) {
  const { can } = useSession()
  const [open, setOpen] = useState(false)
  const verdict = canPod.delete(pod)
  const refusal = verdict.allowed ? undefined : verdict.reason
  return (
    <>
      <Button
        icon={<Trash2 aria-hidden className="size-4" />}
        disabledReason={can('cloudpods:delete', pod.tenantId) ? refusal : NO_PERMISSION('cloudpods:delete')}
        onClick={() => setOpen(true)}
      >
        Destroy
      </Button>
      <ConfirmDestroy
        open={open}
        onClose={() => setOpen(false)}
        title="Destroy the CloudPod"
        name={pod.hostname}
        effect="It is stopped and removed from its node together with its disks. Its address is released."
        submitLabel="Destroy"
        send={() => destroyCloudPod(pod.id)}
        onDone={() => {
          setOpen(false)
          toast.done('Destruction requested')
        }}
      />
    </>
  )
}

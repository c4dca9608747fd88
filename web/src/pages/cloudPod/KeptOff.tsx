import { t } from '../../../../shared/text.ts'
import { unsuspendSoldPod, type CloudPodDetail } from '../../api/cloudPods.ts'
import { useSubmit } from '../../api/submit.ts'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'

/** Why a pod is kept off. What the system that sells it has begun can be ended here, should that system not do it. */
export function KeptOff({ pod }: { pod: CloudPodDetail }) {
  const { can } = useSession()
  const ending = useSubmit({
    send: (key: string, once) => unsuspendSoldPod(pod.tenantId, key, once),
    onDone: () => toast.done(t`End of the suspension requested`),
  })
  if (!pod.keptOff) return null
  const { by, why } = pod.keptOff
  const key = by === 'seller' ? pod.soldBy?.externalKey : undefined
  return (
    <Notice
      tone="warning"
      title="Suspended"
      action={
        key !== undefined && (
          <Button
            loading={ending.isPending}
            disabledReason={
              can('integrations:manage', pod.tenantId) ? undefined : NO_PERMISSION('integrations:manage')
            }
            onClick={() =>
              ending.mutate(key, {
                onError: (error) => toast.failed(t`It cannot be ended`, error.message),
              })
            }
          >
            End the suspension
          </Button>
        )
      }
    >
      {why}
    </Notice>
  )
}

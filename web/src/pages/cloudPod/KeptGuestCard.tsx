import { Trash2, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { canPod } from '../../../../shared/states/cloudPod.ts'
import { t } from '../../../../shared/text.ts'
import { goBackToKeptGuest, letGoOfKeptGuest } from '../../api/cloudPodRebuilds.ts'
import type { CloudPodDetail } from '../../api/cloudPods.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

/** The guest that a rebuild replaced, with until when one can go back to it. */
export function KeptGuestCard({ pod }: { pod: CloudPodDetail }) {
  const { can } = useSession()
  const [asking, setAsking] = useState<'goBack' | 'letGo' | null>(null)
  const kept = pod.keptGuest
  if (!kept || kept.since === null || kept.until === null) return null
  const denied = can('cloudpods:rebuild', pod.tenantId) ? undefined : NO_PERMISSION('cloudpods:rebuild')
  const whyNot = (verdict: ReturnType<typeof canPod.letGo>) =>
    denied ?? (verdict.allowed ? undefined : verdict.reason)
  const close = () => setAsking(null)
  return (
    <Card title="Kept guest">
      <div className="space-y-3">
        <p>
          The guest of {kept.blueprint.name} that this one replaced <Time at={kept.since} relative /> is off
          and without a network.{' '}
          {kept.state === 'removing' ? (
            t`It is being destroyed.`
          ) : (
            <>
              It is kept until <Time at={kept.until} />.
            </>
          )}
        </p>
        {kept.problem && <Notice tone="danger">{kept.problem}</Notice>}
        <div className="flex flex-wrap gap-2">
          <Button
            icon={<Undo2 aria-hidden className="size-4" />}
            disabledReason={whyNot(canPod.goBack(pod, kept.state))}
            onClick={() => setAsking('goBack')}
          >
            Go back to it
          </Button>
          <Button
            icon={<Trash2 aria-hidden className="size-4" />}
            disabledReason={whyNot(canPod.letGo(pod, kept.state))}
            onClick={() => setAsking('letGo')}
          >
            Let go of it now
          </Button>
        </div>
      </div>
      <ConfirmDestroy
        open={asking === 'goBack'}
        onClose={close}
        title="Go back to the kept guest"
        name={pod.hostname}
        hint="What was written since stays with the present guest."
        effect="The present guest is shut down and kept instead, until the same time. The pod has the disk again that it had before it was rebuilt."
        submitLabel="Go back"
        send={(key) => goBackToKeptGuest(pod.id, pod.hostname, key)}
        onDone={() => {
          close()
          toast.done(t`Going back requested`)
        }}
      />
      <ConfirmDestroy
        open={asking === 'letGo'}
        onClose={close}
        title="Let go of the kept guest"
        name={pod.hostname}
        effect="The kept guest is destroyed with its disk. The present one is not touched."
        submitLabel="Let go"
        send={(key) => letGoOfKeptGuest(pod.id, pod.hostname, key)}
        onDone={() => {
          close()
          toast.done(t`Destruction of the kept guest requested`)
        }}
      />
    </Card>
  )
}

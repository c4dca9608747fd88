import { CirclePower, Play, RotateCw, Square, type LucideIcon } from 'lucide-react'
import { useState } from 'react'
import { canPod, type PowerAction } from '../../../shared/states/cloudPod.ts'
import { t } from '../../../shared/text.ts'
import type { ApiError } from '../api/ApiError.ts'
import { powerCloudPod, type CloudPod, type CloudPodDetail } from '../api/cloudPods.ts'
import { useSubmit } from '../api/submit.ts'
import { useJobWords } from '../lib/useJobWords.ts'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { toast } from '../ui/Toast.tsx'
import { NO_PERMISSION, useSession } from './session.ts'

const ACTIONS: { action: PowerAction; label: string; icon: LucideIcon; asked: string }[] = [
  { action: 'start', label: t`Start`, icon: Play, asked: t`Start` },
  { action: 'shutdown', label: t`Shut down`, icon: CirclePower, asked: t`Shut-down` },
  { action: 'reboot', label: t`Reboot`, icon: RotateCw, asked: t`Reboot` },
  { action: 'stop', label: t`Stop`, icon: Square, asked: t`Stop` },
]

const ATTEMPT: Record<PowerAction, CloudPod['action']> = {
  start: 'starting',
  stop: 'stopping',
  shutdown: 'shutting_down',
  reboot: 'rebooting',
}

/** After these it would run. */
const RUNS = new Set<PowerAction>(['start', 'reboot'])

export function PowerButtons({ pod }: { pod: CloudPodDetail }) {
  const { can } = useSession()
  const say = useJobWords()
  const [confirming, setConfirming] = useState(false)
  const power = useSubmit({
    send: (action: PowerAction, key) => powerCloudPod(pod.id, action, key),
    onDone: ({ job }) =>
      toast.done(
        t`${ACTIONS.find(({ action }) => action === power.variables)?.asked ?? t`Action`} requested`,
        say(job.doing ?? '') || undefined,
      ),
  })
  const ask = (action: PowerAction) =>
    power.mutate(action, {
      onError: (error: ApiError) => toast.failed(t`The action was not accepted`, error.message),
    })

  const reasonNot = (action: PowerAction): string | undefined => {
    if (!can('cloudpods:power', pod.tenantId)) return NO_PERMISSION('cloudpods:power')
    if (pod.action === ATTEMPT[action]) return t`This is already being done.`
    const verdict = canPod[action](pod)
    if (!verdict.allowed) return verdict.reason
    return RUNS.has(action) ? pod.keptOff?.why : undefined
  }
  return (
    <>
      {ACTIONS.map(({ action, label, icon: Icon }) => (
        <Button
          key={action}
          icon={<Icon aria-hidden className="size-4" />}
          loading={power.isPending && power.variables === action}
          disabledReason={reasonNot(action)}
          onClick={() => (action === 'stop' ? setConfirming(true) : ask(action))}
        >
          {label}
        </Button>
      ))}
      <Dialog
        open={confirming}
        onClose={() => setConfirming(false)}
        title={t`Stop ${pod.hostname}?`}
        description="Stop cuts the power at once: what the system has not written is lost. Shut down asks it to end by itself."
      >
        <div className="flex justify-end gap-2">
          <Button onClick={() => setConfirming(false)}>Back</Button>
          <Button
            variant="danger"
            onClick={() => {
              setConfirming(false)
              ask('stop')
            }}
          >
            Stop now
          </Button>
        </div>
      </Dialog>
    </>
  )
}

import { useQueryClient } from '@tanstack/react-query'
import { CirclePlay, OctagonX } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { pause, queuesQuery, resume, type QueueOverview } from '../../api/provisioningControls.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { ReasonForm } from '../../components/ReasonForm.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { toast } from '../../ui/Toast.tsx'

/** Stops all automation at once, or lets it go on. */
export function EmergencyStop({ stopped }: { stopped: boolean }) {
  const { can } = useSession()
  const [open, setOpen] = useState(false)
  const close = () => setOpen(false)
  return (
    <>
      <Button
        variant={stopped ? 'primary' : 'danger'}
        icon={
          stopped ? (
            <CirclePlay aria-hidden className="size-4" />
          ) : (
            <OctagonX aria-hidden className="size-4" />
          )
        }
        disabledReason={
          can('infrastructure:manage', null) ? undefined : NO_PERMISSION('infrastructure:manage')
        }
        onClick={() => setOpen(true)}
      >
        {stopped ? t`Start everything again` : t`Emergency stop`}
      </Button>
      <Dialog
        open={open}
        onClose={close}
        title={stopped ? t`Start everything again` : t`Stop all automation`}
      >
        {stopped ? <Start onClose={close} /> : <Stop onClose={close} />}
      </Dialog>
    </>
  )
}

function Stop({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  return (
    <ReasonForm
      danger
      submitLabel="Stop everything"
      send={(reason, key) => pause({ what: 'all', which: '*', reason }, key)}
      onDone={(overview) => {
        client.setQueryData(queuesQuery().queryKey, overview)
        toast.done(t`Everything is stopped`)
      }}
      onClose={onClose}
    >
      No job is started any more, running ones are put back at once and go on later where they were, and
      nothing is renewed, suspended or ended by itself. Orders are still taken; they wait.
    </ReasonForm>
  )
}

function Start({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const of = useApiForm<Record<string, never>, QueueOverview>({
    defaultValues: {},
    send: (_, key) => resume({ what: 'all', which: '*' }, key),
    onDone: (overview) => {
      client.setQueryData(queuesQuery().queryKey, overview)
      toast.done(t`Everything goes on`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Start everything again" onCancel={onClose}>
      <p>Waiting jobs are started, and what was due meanwhile is done now. Other pauses stay.</p>
    </Form>
  )
}

import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { pause, queuesQuery, resume } from '../../api/provisioningControls.ts'
import { useSubmit } from '../../api/submit.ts'
import { ReasonForm } from '../../components/ReasonForm.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { toast } from '../../ui/Toast.tsx'

type Target = { what: 'queue' | 'node' | 'kind'; which: string; label: string }

/** Pauses a queue, a node or a kind of job, or lets it go on. */
export function PauseButton({ paused, ...target }: Target & { paused: boolean }) {
  const { can } = useSession()
  const client = useQueryClient()
  const [open, setOpen] = useState(false)
  const goOn = useSubmit({
    send: (_: void, key) => resume({ what: target.what, which: target.which }, key),
    onDone: (overview) => {
      client.setQueryData(queuesQuery().queryKey, overview)
      toast.done(t`${target.label} goes on`)
    },
  })
  return (
    <>
      <Button
        size="sm"
        loading={goOn.isPending}
        aria-label={paused ? t`Resume ${target.label}` : t`Pause ${target.label}`}
        disabledReason={
          can('infrastructure:manage', null) ? undefined : NO_PERMISSION('infrastructure:manage')
        }
        onClick={() =>
          paused
            ? goOn.mutate(undefined, { onError: (error) => toast.failed(t`It stays paused`, error.message) })
            : setOpen(true)
        }
      >
        {paused ? t`Resume` : t`Pause`}
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={t`Pause ${target.label}`}>
        <PauseForm {...target} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

function PauseForm({ what, which, label, onClose }: Target & { onClose: () => void }) {
  const client = useQueryClient()
  return (
    <ReasonForm
      submitLabel="Pause"
      send={(reason, key) => pause({ what, which, reason }, key)}
      onDone={(overview) => {
        client.setQueryData(queuesQuery().queryKey, overview)
        toast.done(t`${label} is paused`)
      }}
      onClose={onClose}
    >
      No job of it is started until it is resumed. What runs already goes on.
    </ReasonForm>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Scaling } from 'lucide-react'
import { useState } from 'react'
import { canPod } from '../../../../shared/states/cloudPod.ts'
import { t } from '../../../../shared/text.ts'
import { resizeCloudPod, resizePreviewQuery, type Accepted, type CloudPod } from '../../api/cloudPods.ts'
import { Form, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { useDebounced } from '../../components/hooks.ts'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'

export function CloudPodResize({ pod }: { pod: CloudPod }) {
  const { can } = useSession()
  const [open, setOpen] = useState(false)
  const verdict = canPod.resize(pod, can('infrastructure:manage', null))
  const refusal = verdict.allowed ? undefined : verdict.reason
  return (
    <>
      <Button
        icon={<Scaling aria-hidden className="size-4" />}
        disabledReason={can('cloudpods:resize', pod.tenantId) ? refusal : NO_PERMISSION('cloudpods:resize')}
        onClick={() => setOpen(true)}
      >
        Resize
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={t`Resize ${pod.hostname}`}>
        <ResizeForm pod={pod} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

type Values = { cores: number; memoryMb: number; diskGb: number; reboot: boolean }

function ResizeForm({ pod, onClose }: { pod: CloudPod; onClose: () => void }) {
  const of = useApiForm<Values, Accepted>({
    defaultValues: { cores: pod.cores, memoryMb: pod.memoryMb, diskGb: pod.diskGb, reboot: false },
    send: (values, key) => resizeCloudPod(pod.id, values, key),
    onDone: () => {
      toast.done(t`Resize requested`)
      onClose()
    },
  })
  const { form, errorOf } = of
  const [cores, memoryMb, diskGb] = form.watch(['cores', 'memoryMb', 'diskGb'])
  const text = `${cores}/${memoryMb}/${diskGb}`
  const still = useDebounced(text)
  const isWhole = [cores, memoryMb, diskGb].every((value) => Number.isInteger(value) && value > 0)
  const preview = useQuery({
    ...resizePreviewQuery(pod.id, { cores, memoryMb, diskGb }),
    enabled: isWhole && still === text,
  })
  const refusals = preview.data?.refusals ?? []
  const isUnchanged = cores === pod.cores && memoryMb === pod.memoryMb && diskGb === pod.diskGb
  return (
    <Form
      of={of}
      submitLabel="Resize"
      submitReason={isUnchanged ? t`Nothing is different yet.` : refusals[0]?.message}
      onCancel={onClose}
    >
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label="Cores" error={errorOf('cores')}>
          <Input type="number" {...form.register('cores', wholeNumber(1, 512))} />
        </Field>
        <Field label="Memory in MiB" error={errorOf('memoryMb')}>
          <Input type="number" step={128} {...form.register('memoryMb', wholeNumber(128, 4_194_304))} />
        </Field>
        <Field label="Disk in GiB" hint="It only grows." error={errorOf('diskGb')}>
          <Input type="number" {...form.register('diskGb', wholeNumber(1, 65_536))} />
        </Field>
      </div>
      {pod.kind === 'vm' && (
        <Checkbox
          label="Restart it at once if it has its new cores and memory only then"
          {...form.register('reboot')}
        />
      )}
      {!isUnchanged &&
        refusals.map(({ code, message }) => (
          <Notice key={code} tone="warning">
            {message}
          </Notice>
        ))}
    </Form>
  )
}

import { useQuery } from '@tanstack/react-query'
import { HardDriveDownload } from 'lucide-react'
import { useState } from 'react'
import { canPod } from '../../../../shared/states/cloudPod.ts'
import { t } from '../../../../shared/text.ts'
import {
  rebuildCloudPod,
  rebuildPreviewQuery,
  type CloudPodRebuildPreview,
} from '../../api/cloudPodRebuilds.ts'
import type { Accepted, CloudPodDetail } from '../../api/cloudPods.ts'
import { TypeName } from '../../components/ConfirmDestroy.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { count } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { toast } from '../../ui/Toast.tsx'

export function CloudPodRebuild({ pod }: { pod: CloudPodDetail }) {
  const { can } = useSession()
  const [open, setOpen] = useState(false)
  const verdict = canPod.rebuild(pod, pod.keptGuest?.state ?? null)
  const refusal = verdict.allowed ? undefined : verdict.reason
  return (
    <>
      <Button
        icon={<HardDriveDownload aria-hidden className="size-4" />}
        disabledReason={can('cloudpods:rebuild', pod.tenantId) ? refusal : NO_PERMISSION('cloudpods:rebuild')}
        onClick={() => setOpen(true)}
      >
        Rebuild
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={t`Rebuild ${pod.hostname}`}>
        <Offer pod={pod} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

function Offer({ pod, onClose }: { pod: CloudPodDetail; onClose: () => void }) {
  // What was true when the dialog was last open is not shown as if it were.
  const query = useQuery({ ...rebuildPreviewQuery(pod.id), gcTime: 0 })
  return (
    <Loaded query={query} what="blueprints">
      {(preview) => <RebuildForm pod={pod} preview={preview} onClose={onClose} />}
    </Loaded>
  )
}

function RebuildForm({
  pod,
  preview: { refusal, keepHours, blueprints },
  onClose,
}: {
  pod: CloudPodDetail
  preview: CloudPodRebuildPreview
  onClose: () => void
}) {
  const first = blueprints.find(({ reason }) => reason === null)
  const of = useApiForm<{ blueprintId: string; hostname: string }, Accepted>({
    defaultValues: { blueprintId: first?.id ?? '', hostname: '' },
    send: ({ blueprintId, hostname }, key) =>
      rebuildCloudPod(pod.id, { blueprintId, hostname: hostname.trim() }, key),
    onDone: () => {
      toast.done(t`Rebuild requested`)
      onClose()
    },
  })
  const { form } = of
  const [blueprintId, typed] = form.watch(['blueprintId', 'hostname'])
  const reason =
    refusal ??
    (first === undefined ? t`No blueprint allows the size of the pod.` : undefined) ??
    (typed.trim() === pod.hostname ? undefined : t`Type the name first.`)
  return (
    <Form of={of} danger submitLabel="Rebuild" submitReason={reason} onCancel={onClose}>
      <div className="space-y-2">
        <p>
          A new guest is made beside the present one, which goes on until the new one is whole. Then they are
          exchanged: the new one has the same name, address, size and keys, and nothing of what is on the disk
          now.
        </p>
        <p>
          {keepHours === 0
            ? t`The present guest is destroyed soon afterwards.`
            : t`The present guest is kept for ${count(keepHours, t`hour`, t`hours`)}, off and without a network. Until then you can go back to it.`}
        </p>
      </div>
      {refusal !== null && <Notice tone="warning">{refusal}</Notice>}
      <RadioCards
        label="Blueprint"
        name="blueprintId"
        value={blueprintId}
        onChange={(chosen) => form.setValue('blueprintId', chosen)}
        options={blueprints.map(({ id, name, current, reason: whyNot }) => ({
          value: id,
          title: name,
          detail: current ? t`The present one` : undefined,
          disabledReason: whyNot ?? undefined,
        }))}
      />
      <TypeName
        name={pod.hostname}
        hint={keepHours === 0 ? undefined : t`What is on its disk is not there any more afterwards.`}
        input={<Input autoComplete="off" spellCheck={false} {...form.register('hostname')} />}
      />
    </Form>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Layers } from 'lucide-react'
import { useState } from 'react'
import { canTemplate } from '../../../../shared/states/cloudPodTemplate.ts'
import { t } from '../../../../shared/text.ts'
import type { CloudPodDetail } from '../../api/cloudPods.ts'
import {
  makeBlueprint,
  templatePreviewQuery,
  type CloudPodTemplatePreview,
  type TemplateAccepted,
} from '../../api/cloudPodTemplates.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { disk } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'

/** Makes a blueprint of the pod, for its tenant alone. */
export function CloudPodTemplate({ pod }: { pod: CloudPodDetail }) {
  const { can } = useSession()
  const [open, setOpen] = useState(false)
  const verdict = canTemplate.make(pod)
  const refusal = verdict.allowed ? undefined : verdict.reason
  return (
    <>
      <Button
        icon={<Layers aria-hidden className="size-4" />}
        disabledReason={
          can('cloudpods:template', pod.tenantId) ? refusal : NO_PERMISSION('cloudpods:template')
        }
        onClick={() => setOpen(true)}
      >
        Make blueprint
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={t`Make a blueprint of ${pod.hostname}`}>
        <Offer pod={pod} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

function Offer({ pod, onClose }: { pod: CloudPodDetail; onClose: () => void }) {
  // What was true when the dialog was last open is not shown as if it were.
  const query = useQuery({ ...templatePreviewQuery(pod.id), gcTime: 0 })
  return (
    <Loaded query={query} what="CloudPod">
      {(preview) => <TemplateForm pod={pod} preview={preview} onClose={onClose} />}
    </Loaded>
  )
}

function TemplateForm({
  pod,
  preview: { refusal, diskGb },
  onClose,
}: {
  pod: CloudPodDetail
  preview: CloudPodTemplatePreview
  onClose: () => void
}) {
  const of = useApiForm<{ name: string }, TemplateAccepted>({
    defaultValues: { name: '' },
    send: (values, key) => makeBlueprint(pod.id, values, key),
    onDone: () => {
      toast.done(t`Blueprint requested`, t`It can be ordered once the copy was read back.`)
      onClose()
    },
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Make blueprint" submitReason={refusal ?? undefined} onCancel={onClose}>
      <div className="space-y-2">
        <p>
          The machine is copied as it is on disk. The copy has none of its addresses, MAC, name, keys and
          passwords for cloud-init, and becomes the template of a blueprint that only this tenant sees. The
          CloudPod stays as it is, and off until the copy is made.
        </p>
        <p>
          What is inside stays inside: users, files, SSH host keys, the machine id. To have every new machine
          make its own, run <code>cloud-init clean --logs --machine-id</code> and remove{' '}
          <code>/etc/ssh/ssh_host_*</code> in it, then shut it down.
        </p>
        <p>It counts {disk(diskGb)} against the quota of disk until it is removed.</p>
      </div>
      {refusal !== null && <Notice tone="warning">{refusal}</Notice>}
      <Field label="Name of the blueprint" error={errorOf('name')}>
        <Input maxLength={200} {...form.register('name', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

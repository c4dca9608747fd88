import { Pencil } from 'lucide-react'
import { useState } from 'react'
import { canPod } from '../../../../shared/states/cloudPod.ts'
import { t } from '../../../../shared/text.ts'
import { updateCloudPod, type CloudPodDetail } from '../../api/cloudPods.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Tags } from '../../components/Tags.tsx'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Checkbox, Field, Input, Textarea } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

/** What people have written down about a pod, and whether it may be destroyed. */
export function CloudPodDetails({ pod }: { pod: CloudPodDetail }) {
  const { tenant, can } = useSession()
  const [open, setOpen] = useState(false)
  const verdict = canPod.update(pod)
  const refusal = verdict.allowed ? undefined : verdict.reason
  return (
    <Card
      title="Notes"
      actions={
        <Button
          size="sm"
          icon={<Pencil aria-hidden className="size-4" />}
          disabledReason={can('cloudpods:update', pod.tenantId) ? refusal : NO_PERMISSION('cloudpods:update')}
          onClick={() => setOpen(true)}
        >
          Change notes
        </Button>
      }
    >
      <div className="space-y-2">
        {pod.protected && <Badge tone="info">Protected from being destroyed</Badge>}
        <Tags tags={pod.tags} to={(tag) => paths.cloudPods(tenant.slug, { tag })} />
        {pod.notes ? (
          <p className="break-words whitespace-pre-wrap">{pod.notes}</p>
        ) : (
          <p className="text-muted">Nothing is written down.</p>
        )}
      </div>
      <Dialog open={open} onClose={() => setOpen(false)} title="Notes, tags and protection">
        <DetailsForm pod={pod} onClose={() => setOpen(false)} />
      </Dialog>
    </Card>
  )
}

function DetailsForm({ pod, onClose }: { pod: CloudPodDetail; onClose: () => void }) {
  const of = useApiForm<{ notes: string; tags: string; protected: boolean }, unknown>({
    defaultValues: { notes: pod.notes, tags: pod.tags.join(', '), protected: pod.protected },
    send: ({ notes, tags, protected: isProtected }) =>
      updateCloudPod(pod, {
        notes,
        protected: isProtected,
        tags: tags
          .split(',')
          .map((tag) => tag.trim())
          .filter((tag) => tag !== ''),
      }),
    fieldOf: (path) => path.split('.')[0] ?? path,
    onDone: () => {
      toast.done(t`Saved`)
      onClose()
    },
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <Field label="Notes" optional error={errorOf('notes')}>
        <Textarea rows={6} maxLength={5_000} {...form.register('notes')} />
      </Field>
      <Field label="Tags" optional hint="Separated by commas." error={errorOf('tags')}>
        <Input autoComplete="off" {...form.register('tags')} />
      </Field>
      <Checkbox label="Nobody destroys it before this is taken off" {...form.register('protected')} />
    </Form>
  )
}

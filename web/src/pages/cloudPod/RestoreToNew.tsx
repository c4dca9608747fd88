import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { restoreToNew, type CloudPodBackup } from '../../api/cloudPodBackups.ts'
import type { Accepted, CloudPod } from '../../api/cloudPods.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

type Props = { pod: CloudPod; backup: CloudPodBackup; onClose: () => void }

/** Asks how the new pod is to be named, and goes to it. */
export function RestoreToNew({ backup, ...rest }: Omit<Props, 'backup'> & { backup: CloudPodBackup | null }) {
  return (
    <Dialog open={backup !== null} onClose={rest.onClose} title="Restore to a new CloudPod">
      {backup && <NewPodForm backup={backup} {...rest} />}
    </Dialog>
  )
}

function NewPodForm({ pod, backup, onClose }: Props) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const of = useApiForm<{ hostname: string }, Accepted>({
    defaultValues: { hostname: '' },
    send: ({ hostname }, key) => restoreToNew(backup, hostname, key),
    onDone: ({ cloudPod }) => {
      toast.done(t`New CloudPod ordered`)
      onClose()
      void navigate(paths.cloudPod(tenant.slug, cloudPod.id))
    },
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Restore" onCancel={onClose}>
      <p>
        A CloudPod like {pod.hostname} at <Time at={backup.takenAt} />, with the plan {pod.plan.name}, and
        with an address and a network card of its own. It belongs to no subscription. What the system inside
        calls itself is changed only where cloud-init does that.
      </p>
      <Field label="Host name" error={errorOf('hostname')}>
        <Input autoComplete="off" spellCheck={false} {...form.register('hostname', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

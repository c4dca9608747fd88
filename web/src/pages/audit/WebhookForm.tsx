import { createWebhook, updateWebhook, type AuditWebhook, type AuditWebhookMade } from '../../api/webhooks.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { useSession } from '../../components/session.ts'
import { CopyId } from '../../ui/CopyId.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { EventKinds } from './EventKinds.tsx'

type Values = { url: string; description: string; eventTypes: string[] | null }

/** Makes a webhook, or changes one. */
export function WebhookForm<Answer extends AuditWebhook>({
  webhook,
  onClose,
  onDone,
}: {
  webhook?: AuditWebhook
  onClose: () => void
  onDone: (answer: Answer) => void
}) {
  const { tenant } = useSession()
  const of = useApiForm<Values, Answer>({
    defaultValues: {
      url: webhook?.url ?? '',
      description: webhook?.description ?? '',
      eventTypes: webhook?.eventTypes ?? null,
    },
    send: (values, key) =>
      (webhook
        ? updateWebhook(webhook, values)
        : createWebhook(
            { ...values, tenantId: tenant.id ?? null },
            key,
          )) as Promise<AuditWebhook> as Promise<Answer>,
    onDone,
  })
  const { form } = of
  return (
    <Form of={of} submitLabel={webhook ? 'Save' : 'Create'} onCancel={onClose}>
      <Field label="Address" hint="https://… of the program that is to be told" error={of.errorOf('url')}>
        <Input maxLength={500} {...form.register('url', { required: REQUIRED })} />
      </Field>
      <Field label="Description" optional error={of.errorOf('description')}>
        <Input maxLength={200} {...form.register('description')} />
      </Field>
      <EventKinds
        chosen={form.watch('eventTypes')}
        onChoose={(chosen) => form.setValue('eventTypes', chosen)}
        error={of.errorOf('eventTypes')}
      />
    </Form>
  )
}

/** The secret of a webhook, which is shown once. */
export function WebhookSecret({ made, onClose }: { made: AuditWebhookMade | null; onClose: () => void }) {
  return (
    <Dialog open={made !== null} onClose={onClose} title="The secret of the webhook">
      {made && (
        <div className="space-y-3">
          <p>
            This secret signs the deliveries, so that the receiver can tell them from others’. It is not shown
            again.
          </p>
          <CopyId id={made.secret} what="secret" full />
        </div>
      )}
    </Dialog>
  )
}

import type { AuditWebhook, AuditWebhookMade } from '../../api/webhooks.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { EventKinds } from './EventKinds.tsx'

type Values = { url: string; description: string; eventTypes: string[] | null }

/** What a webhook is: to make one, or to change `webhook`. */
export function WebhookForm<Answer>({
  webhook,
  submitLabel,
  send,
  onClose,
  onDone,
}: {
  webhook?: AuditWebhook
  submitLabel: string
  send: (values: Values, key: string) => Promise<Answer>
  onClose: () => void
  onDone: (answer: Answer) => void
}) {
  const of = useApiForm<Values, Answer>({
    defaultValues: {
      url: webhook?.url ?? '',
      description: webhook?.description ?? '',
      eventTypes: webhook?.eventTypes ?? null,
    },
    send,
    onDone,
  })
  const { form } = of
  return (
    <Form of={of} submitLabel={submitLabel} onCancel={onClose}>
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

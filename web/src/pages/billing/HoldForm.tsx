import { t } from '../../../../shared/text.ts'
import { holdSubscription, type Subscription } from '../../api/billing.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = { until: string; reason: string }

/** The end of a day as the viewer's clock has it. */
const endOf = (day: string): string => new Date(`${day}T23:59:59`).toISOString()

export function HoldForm({ subscription, onClose }: { subscription: Subscription; onClose: () => void }) {
  const of = useApiForm<Values, Subscription>({
    defaultValues: { until: '', reason: '' },
    send: ({ until, reason }, key) => holdSubscription(subscription.id, { until: endOf(until), reason }, key),
    onDone: () => {
      toast.done(t`Subscription held`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Hold" onCancel={onClose}>
      <p>
        Until then it is neither suspended nor ended for what is overdue. What was suspended for that is
        brought back. Invoices go on.
      </p>
      <Field label="Until the end of" hint="At most a year from now." error={of.errorOf('until')}>
        <Input type="date" {...of.form.register('until', { required: REQUIRED })} />
      </Field>
      <Field label="Reason" error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

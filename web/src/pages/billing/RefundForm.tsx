import { t } from '../../../../shared/text.ts'
import { refundPayment, type PaidPart } from '../../api/payments.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { formatMoney, toMajor, toMinor } from '../../lib/money.ts'
import { Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = { amount: string; reason: string }

/** Money goes back the way it came. */
export function RefundForm({ payment, onClose }: { payment: PaidPart; onClose: () => void }) {
  const { refundable } = payment
  const of = useApiForm<Values, unknown>({
    defaultValues: { amount: toMajor(refundable), reason: '' },
    send: ({ amount, reason }, key) =>
      refundPayment(payment.id, { amountMinor: toMinor(amount, refundable.currency) ?? '', reason }, key),
    onDone: () => {
      toast.done(t`The money is being given back`)
      onClose()
    },
    fieldOf: (path) => (path === 'amountMinor' ? 'amount' : path),
  })
  const { form, errorOf } = of
  return (
    <Form of={of} danger submitLabel="Give back" onCancel={onClose}>
      <p className="text-muted">
        It is taken from what the customer has in hand, as after a credit note; the rest is owed again, and
        the invoice is open.
      </p>
      <Field
        label={t`Amount in ${refundable.currency}`}
        hint={t`At most ${formatMoney(refundable)}`}
        error={errorOf('amount')}
      >
        <Input
          inputMode="decimal"
          autoComplete="off"
          {...form.register('amount', {
            required: REQUIRED,
            validate: (typed) =>
              toMinor(typed, refundable.currency) !== null || t`An amount, such as ${toMajor(refundable)}.`,
          })}
        />
      </Field>
      <Field label="Reason" error={errorOf('reason')}>
        <Input maxLength={500} {...form.register('reason', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

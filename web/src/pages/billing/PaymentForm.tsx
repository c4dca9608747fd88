import { t } from '../../../../shared/text.ts'
import { recordPayment, type Invoice, type Payment, type PaymentCreate } from '../../api/billing.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { formatMoney, openAmount, toMajor, toMinor } from '../../lib/money.ts'
import { humanize } from '../../lib/words.ts'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = { amount: string; method: NonNullable<PaymentCreate['method']>; reference: string }
const METHODS: Values['method'][] = ['bank_transfer', 'cash', 'card_terminal', 'other']

/** Money that arrived outside of mPanel is written down by whoever saw it. */
export function PaymentForm({ invoice, onClose }: { invoice: Invoice; onClose: () => void }) {
  const open = openAmount(invoice)
  const { currency } = open
  const of = useApiForm<Values, Payment>({
    defaultValues: { amount: toMajor(open), method: 'bank_transfer', reference: '' },
    send: ({ amount, method, reference }, key) =>
      recordPayment(
        invoice.id,
        { amountMinor: toMinor(amount, currency) ?? '', currency, method, reference: reference.trim() },
        key,
      ),
    onDone: (payment) => {
      toast.done(t`Payment of ${formatMoney(payment.amount)} recorded`)
      onClose()
    },
    fieldOf: (path) => (path === 'amountMinor' ? 'amount' : path),
  })
  return (
    <Form of={of} submitLabel="Record payment" onCancel={onClose}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label={t`Amount in ${currency}`}
          hint={t`Open: ${formatMoney(open)}`}
          error={of.errorOf('amount')}
        >
          <Input
            inputMode="decimal"
            autoComplete="off"
            {...of.form.register('amount', {
              required: REQUIRED,
              validate: (typed) =>
                toMinor(typed, currency) !== null || t`An amount in ${currency}, such as ${toMajor(open)}.`,
            })}
          />
        </Field>
        <Field label="Method" error={of.errorOf('method')}>
          <Select {...of.form.register('method')}>
            {METHODS.map((method) => (
              <option key={method} value={method}>
                {humanize(method)}
              </option>
            ))}
          </Select>
        </Field>
      </div>
      <Field
        label="Reference"
        hint="The bank's or the cashier's reference. The same reference is never booked twice."
        error={of.errorOf('reference')}
      >
        <Input
          autoComplete="off"
          maxLength={200}
          {...of.form.register('reference', { required: REQUIRED })}
        />
      </Field>
    </Form>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import type { Invoice } from '../../api/billing.ts'
import {
  createCreditNote,
  invoiceCreditsQuery,
  previewCreditNote,
  type CreditNotePreview,
  type InvoiceCredits,
} from '../../api/credits.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { formatMoney, isZero, toMajor, toMinor } from '../../lib/money.ts'
import { Facts } from '../../ui/Card.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

/** Takes a part of an invoice back: first what it comes to, then exactly that. */
export function CreditNoteForm({ invoice, onClose }: { invoice: Invoice; onClose: () => void }) {
  const query = useQuery(invoiceCreditsQuery(invoice.id))
  const [shown, setShown] = useState<{ wish: Wish; preview: CreditNotePreview } | null>(null)
  return (
    <Loaded query={query} what="credits">
      {(credits) =>
        shown === null ? (
          <WishForm
            invoice={invoice}
            credits={credits}
            onShown={(wish, preview) => setShown({ wish, preview })}
            onClose={onClose}
          />
        ) : (
          <IssueForm invoice={invoice} {...shown} onBack={() => setShown(null)} onClose={onClose} />
        )
      }
    </Loaded>
  )
}

type Wish = Parameters<typeof previewCreditNote>[1]
type Values = { of: string; amount: string; paid: 'credit' | 'refund' }

function WishForm({
  invoice,
  credits,
  onShown,
  onClose,
}: {
  invoice: Invoice
  credits: InvoiceCredits
  onShown: (wish: Wish, preview: CreditNotePreview) => void
  onClose: () => void
}) {
  const { currency } = credits.left
  const wishOf = ({ of: whose, amount, paid }: Values): Wish => {
    const amountMinor = toMinor(amount, currency) ?? ''
    return whose === '' ? { amountMinor, paid } : { lines: [{ lineNo: Number(whose), amountMinor }], paid }
  }
  const of = useApiForm<Values, { wish: Wish; preview: CreditNotePreview }>({
    defaultValues: { of: '', amount: toMajor(credits.left), paid: 'credit' },
    send: async (values, key) => {
      const wish = wishOf(values)
      return { wish, preview: await previewCreditNote(invoice.id, wish, key) }
    },
    onDone: ({ wish, preview }) => onShown(wish, preview),
    fieldOf: (path) => (path.endsWith('amountMinor') ? 'amount' : 'of'),
  })
  const { form, errorOf } = of
  const line = credits.lines.find(({ lineNo }) => String(lineNo) === form.watch('of'))
  return (
    <Form of={of} submitLabel="Show what it comes to" onCancel={onClose}>
      <Field label="Of what" error={errorOf('of')}>
        <Select {...form.register('of')}>
          <option value="">The invoice as a whole</option>
          {credits.lines.map(({ lineNo, description }) => (
            <option key={lineNo} value={lineNo}>
              {description}
            </option>
          ))}
        </Select>
      </Field>
      <Field
        label={t`Amount in ${currency}, with tax`}
        hint={t`At most ${formatMoney(line?.left ?? credits.left)}`}
        error={errorOf('amount')}
      >
        <Input
          inputMode="decimal"
          autoComplete="off"
          {...form.register('amount', {
            required: REQUIRED,
            validate: (typed) =>
              toMinor(typed, currency) !== null || t`An amount, such as ${toMajor(credits.left)}.`,
          })}
        />
      </Field>
      <Field
        label="What of it had been paid"
        hint={
          isZero(credits.refundable)
            ? t`No provider can give a payment of this invoice back.`
            : t`At most ${formatMoney(credits.refundable)} can be given back.`
        }
      >
        <Select {...form.register('paid')}>
          <option value="credit">Keep it for later invoices</option>
          <option value="refund" disabled={isZero(credits.refundable)}>
            Give it back the way it came
          </option>
        </Select>
      </Field>
    </Form>
  )
}

function IssueForm({
  invoice,
  wish,
  preview,
  onBack,
  onClose,
}: {
  invoice: Invoice
  wish: Wish
  preview: CreditNotePreview
  onBack: () => void
  onClose: () => void
}) {
  const of = useApiForm<{ reason: string }, unknown>({
    defaultValues: { reason: '' },
    send: ({ reason }, key) => createCreditNote(invoice.id, { ...wish, reason, token: preview.token }, key),
    onDone: () => {
      toast.done(t`The credit note was issued`)
      onClose()
    },
  })
  return (
    <Form of={of} danger submitLabel={t`Credit ${formatMoney(preview.total)}`} onCancel={onBack}>
      <Facts
        facts={[
          [t`Without tax`, formatMoney(preview.net)],
          [t`Tax`, formatMoney(preview.tax)],
          [t`Not asked for any more`, formatMoney(preview.fromOpen)],
          [t`Kept for later invoices`, formatMoney(preview.toCredit)],
          [t`Given back`, formatMoney(preview.toRefund)],
          [t`Can be credited after it`, formatMoney(preview.left)],
        ]}
      />
      <p className="text-muted">
        It has a number of its own and cannot be taken back. The customer gets it by mail. What was sold goes
        on.
      </p>
      <Field label="Reason" hint="It stands on the credit note." error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

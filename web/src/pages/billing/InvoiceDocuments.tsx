import { useState } from 'react'
import {
  documentAddress,
  downloadDocument,
  writeOffInvoice,
  type DocumentWanted,
} from '../../api/accounts.ts'
import type { Invoice } from '../../api/billing.ts'
import { useSubmit } from '../../api/submit.ts'
import { ReasonForm } from '../../components/ReasonForm.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { formatMoney, isZero, openAmount } from '../../lib/money.ts'
import { Button } from '../../ui/Button.tsx'
import { toast } from '../../ui/Toast.tsx'

/** The invoice as a document, and what is done when it is never paid. */
export function InvoiceDocuments({
  invoice,
  waits,
}: {
  invoice: Invoice
  /** Whether the order has not begun before it is paid. */
  waits: boolean
}) {
  const { can } = useSession()
  const [writingOff, setWritingOff] = useState(false)
  if (writingOff)
    return (
      <ReasonForm
        danger
        submitLabel="Write off"
        send={(reason, key) => writeOffInvoice(invoice.id, reason, key)}
        onDone={() => toast.done('The invoice was written off')}
        onClose={() => setWritingOff(false)}
      >
        {formatMoney(openAmount(invoice))} are given up: neither charged nor reminded of any more, and what
        was suspended for this invoice alone is brought back. Whoever pays it later still pays it.
      </ReasonForm>
    )
  return (
    <section aria-label="Documents" className="flex flex-wrap gap-2">
      <Documents words="Invoice" wanted={{ invoiceId: invoice.id, of: 'invoice' }} number={invoice.number} />
      {!isZero(invoice.credited) && (
        <Documents
          words="Credit note"
          wanted={{ invoiceId: invoice.id, of: 'credit_note' }}
          number={invoice.number}
        />
      )}
      {invoice.status === 'open' && (
        <Button
          size="sm"
          disabledReason={
            !can('billing:manage', invoice.tenantId)
              ? NO_PERMISSION('billing:manage')
              : waits
                ? 'The order waits for this payment: cancel the order, which credits the invoice.'
                : undefined
          }
          onClick={() => setWritingOff(true)}
        >
          Write off
        </Button>
      )}
    </section>
  )
}

const FORMS = ['pdf', 'xml'] as const

/** A document in each form that it has. */
export function Documents({
  words,
  wanted,
  number,
}: {
  words: string
  wanted: DocumentWanted
  /** Null: it was not issued. */
  number: string | null
}) {
  const reason = number === null ? 'A draft has no document.' : undefined
  const bringing = useSubmit({
    send: (form: (typeof FORMS)[number]) => downloadDocument(wanted, form, number ?? ''),
  })
  return (
    <>
      {FORMS.map((form) => (
        <Button
          key={form}
          size="sm"
          loading={bringing.isPending && bringing.variables === form}
          disabledReason={reason}
          onClick={() =>
            bringing.mutate(form, {
              onError: (error) => void toast.failed(`There is no such ${form.toUpperCase()}`, error.message),
            })
          }
        >
          {words} as {form.toUpperCase()}
        </Button>
      ))}
      <Button
        size="sm"
        disabledReason={reason}
        onClick={() => window.open(documentAddress(wanted), '_blank', 'noopener')}
      >
        {words} to print
      </Button>
    </>
  )
}

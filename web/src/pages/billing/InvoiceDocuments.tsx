import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  documentAddress,
  downloadDocument,
  writeOffInvoice,
  type DocumentWanted,
} from '../../api/accounts.ts'
import type { Invoice } from '../../api/billing.ts'
import { invoiceCreditsQuery } from '../../api/credits.ts'
import { useSubmit } from '../../api/submit.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { ReasonForm } from '../../components/ReasonForm.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { formatMoney, isZero, openAmount } from '../../lib/money.ts'
import { Button } from '../../ui/Button.tsx'
import { Day } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { CreditNoteForm } from './CreditNoteForm.tsx'

/** The invoice and its credit notes as documents, and what is done when it is never paid, or was too much. */
export function InvoiceDocuments({
  invoice,
  waits,
}: {
  invoice: Invoice
  /** Whether the order has not begun before it is paid. */
  waits: boolean
}) {
  const { can } = useSession()
  const [doing, setDoing] = useState<'write-off' | 'credit' | null>(null)
  const close = (): void => setDoing(null)
  if (doing === 'credit') return <CreditNoteForm invoice={invoice} onClose={close} />
  if (doing === 'write-off')
    return (
      <ReasonForm
        danger
        submitLabel="Write off"
        send={(reason, key) => writeOffInvoice(invoice.id, reason, key)}
        onDone={() => toast.done(t`The invoice was written off`)}
        onClose={close}
      >
        {formatMoney(openAmount(invoice))} are given up: neither charged nor reminded of any more, and what
        was suspended for this invoice alone is brought back. Whoever pays it later still pays it.
      </ReasonForm>
    )
  const refusal = !can('billing:manage', invoice.tenantId)
    ? NO_PERMISSION('billing:manage')
    : waits
      ? t`The order waits for this payment: cancel the order, which credits the invoice.`
      : undefined
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap gap-2">
        <Documents
          words={t`Invoice`}
          wanted={{ invoiceId: invoice.id, of: 'invoice' }}
          number={invoice.number}
        />
        {invoice.status !== 'draft' && (
          <Button
            size="sm"
            disabledReason={
              refusal ??
              (invoice.total.amount === invoice.credited.amount ? t`All of it was credited.` : undefined)
            }
            onClick={() => setDoing('credit')}
          >
            Issue a credit note
          </Button>
        )}
        {invoice.status === 'open' && (
          <Button size="sm" disabledReason={refusal} onClick={() => setDoing('write-off')}>
            Write off
          </Button>
        )}
      </div>
      {!isZero(invoice.credited) && <CreditNotes invoice={invoice} />}
    </div>
  )
}

function CreditNotes({ invoice }: { invoice: Invoice }) {
  const query = useQuery(invoiceCreditsQuery(invoice.id))
  return (
    <Loaded query={query} what="credit notes">
      {({ items }) => (
        <ul aria-label="Credit notes" className="divide-y divide-line rounded-md border border-line">
          {items.map((note) => (
            <li key={note.id} className="space-y-2 p-3">
              <div className="break-words">
                <span className="font-medium">{note.number}</span>, <Day date={note.issueDate} />:{' '}
                {formatMoney(note.total)} credited: {note.reason}
              </div>
              <div className="flex flex-wrap gap-2">
                <Documents
                  words={note.number}
                  wanted={{ invoiceId: invoice.id, of: 'credit_note', creditNote: note.id }}
                  number={note.number}
                />
              </div>
            </li>
          ))}
        </ul>
      )}
    </Loaded>
  )
}

const FORMS = ['pdf', 'xml'] as const

/** A document in each form that it has. */
function Documents({
  words,
  wanted,
  number,
}: {
  words: string
  wanted: DocumentWanted
  /** Null: it was not issued. */
  number: string | null
}) {
  const reason = number === null ? t`A draft has no document.` : undefined
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
              onError: (error) => toast.failed(t`There is no such ${form.toUpperCase()}`, error.message),
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

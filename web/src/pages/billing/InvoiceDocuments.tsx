import { useState } from 'react'
import { documentAddress, downloadXml, writeOffInvoice } from '../../api/accounts.ts'
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
      <Documents invoice={invoice} of="invoice" />
      {!isZero(invoice.credited) && <Documents invoice={invoice} of="credit_note" />}
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

function Documents({ invoice, of }: { invoice: Invoice; of: 'invoice' | 'credit_note' }) {
  const words = of === 'invoice' ? 'Invoice' : 'Credit note'
  const reason = invoice.number === null ? 'A draft has no document.' : undefined
  const bringing = useSubmit({
    send: () =>
      downloadXml(invoice.id, of, `${invoice.number ?? ''}${of === 'invoice' ? '' : ' credit note'}`),
  })
  return (
    <>
      <Button
        size="sm"
        disabledReason={reason}
        onClick={() => window.open(documentAddress(invoice.id, of), '_blank', 'noopener')}
      >
        {words} to print
      </Button>
      <Button
        size="sm"
        loading={bringing.isPending}
        disabledReason={reason}
        onClick={() =>
          bringing.mutate(undefined, {
            onError: (error) => void toast.failed('There is no such XML', error.message),
          })
        }
      >
        {words} as XML
      </Button>
    </>
  )
}

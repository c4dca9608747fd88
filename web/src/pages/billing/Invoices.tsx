import { t } from '../../../../shared/text.ts'
import { useQuery } from '@tanstack/react-query'
import { FileText } from 'lucide-react'
import { useState } from 'react'
import { invoicesQuery, type Invoice, type Subscription } from '../../api/billing.ts'
import { List } from '../../components/List.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { formatMoney, isZero, openAmount } from '../../lib/money.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Day } from '../../ui/Time.tsx'
import { InvoiceDocuments } from './InvoiceDocuments.tsx'
import { InvoicePayments } from './InvoicePayments.tsx'
import { PaymentForm } from './PaymentForm.tsx'

const paymentsOf = ({ number }: Invoice): string =>
  number === null ? t`Payments of the draft` : t`Payments of ${number}`

export function Invoices({ subscription }: { subscription: Subscription }) {
  const { can } = useSession()
  const [paying, setPaying] = useState<Invoice | null>(null)
  const [shown, setShown] = useState<string | null>(null)
  const permitted = can('billing:read', subscription.tenantId)
  const query = useQuery({
    ...invoicesQuery({ subscriptionId: subscription.id, limit: 50 }),
    enabled: permitted,
  })
  if (!permitted) return <p className="p-4 text-muted">{NO_PERMISSION('billing:read')}</p>

  // Of the list as it is now, which changes while the dialog is open.
  const shownInvoice = query.data?.items.find(({ id }) => id === shown)
  const columns: Column<Invoice>[] = [
    {
      header: t`Invoice`,
      render: (invoice) => (
        <>
          <div className="font-medium">{invoice.number ?? t`Draft`}</div>
          <ul className="text-[13px] text-muted">
            {invoice.lines.map((line) => (
              <li key={line.lineNo} className="break-words">
                {line.description}
              </li>
            ))}
          </ul>
        </>
      ),
    },
    {
      header: t`Status`,
      narrow: true,
      render: (invoice) => <StateBadge of="invoice" state={invoice.status} />,
    },
    { header: t`Issued`, from: 'md', narrow: true, render: (invoice) => <Day date={invoice.issueDate} /> },
    { header: t`Due`, from: 'lg', narrow: true, render: (invoice) => <Day date={invoice.dueDate} /> },
    {
      header: t`Total`,
      from: 'sm',
      align: 'right',
      narrow: true,
      render: (invoice) => (
        <>
          {formatMoney(invoice.total)}
          {!isZero(invoice.tax) && (
            <div className="text-[13px] text-muted">with {formatMoney(invoice.tax)} tax</div>
          )}
        </>
      ),
    },
    { header: t`Open`, align: 'right', narrow: true, render: (invoice) => <Open invoice={invoice} /> },
    {
      header: t`Payment`,
      align: 'right',
      narrow: true,
      render: (invoice) => (
        <div className="flex flex-wrap justify-end gap-2">
          {(invoice.status === 'open' || invoice.status === 'uncollectible') && (
            <Button
              size="sm"
              variant="primary"
              disabledReason={
                can('billing:manage', invoice.tenantId) ? undefined : NO_PERMISSION('billing:manage')
              }
              onClick={() => setPaying(invoice)}
            >
              Record <span className="sr-only sm:not-sr-only">payment</span>
            </Button>
          )}
          <Button size="sm" aria-label={paymentsOf(invoice)} onClick={() => setShown(invoice.id)}>
            Payments
          </Button>
        </div>
      ),
    },
  ]
  return (
    <Card flush>
      <List
        query={query}
        what="invoices"
        columns={columns}
        empty={
          <EmptyState icon={FileText} title="No invoices">
            An order brings its invoice with it.
          </EmptyState>
        }
      />
      <Dialog
        open={paying !== null}
        onClose={() => setPaying(null)}
        title={paying?.number ? t`Record a payment of ${paying.number}` : t`Record a payment of the invoice`}
      >
        {paying && <PaymentForm invoice={paying} onClose={() => setPaying(null)} />}
      </Dialog>
      <Dialog
        open={shownInvoice !== undefined}
        onClose={() => setShown(null)}
        title={shownInvoice ? paymentsOf(shownInvoice) : t`Payments`}
        wide
      >
        {shownInvoice && (
          <div className="space-y-5">
            <InvoiceDocuments invoice={shownInvoice} waits={subscription.state === 'awaiting_payment'} />
            <InvoicePayments invoice={shownInvoice} />
          </div>
        )}
      </Dialog>
    </Card>
  )
}

function Open({ invoice }: { invoice: Invoice }) {
  const open = openAmount(invoice)
  return (
    <>
      {formatMoney(open)}
      {!isZero(invoice.credited) && (
        <div className="text-[13px] text-muted">credited {formatMoney(invoice.credited)}</div>
      )}
    </>
  )
}

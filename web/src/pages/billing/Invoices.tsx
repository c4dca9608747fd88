import { t } from '../../../../shared/text.ts'
import { useQuery } from '@tanstack/react-query'
import { FileText } from 'lucide-react'
import { invoicesQuery, type Invoice, type Subscription } from '../../api/billing.ts'
import { InvoiceLink } from './InvoiceList.tsx'
import { List } from '../../components/List.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { formatMoney, isZero, openAmount } from '../../lib/money.ts'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Day } from '../../ui/Time.tsx'
import { RecordPayment } from './RecordPayment.tsx'

export function Invoices({ subscription }: { subscription: Subscription }) {
  const { can } = useSession()
  const permitted = can('billing:read', subscription.tenantId)
  const query = useQuery({
    ...invoicesQuery({ subscriptionId: subscription.id, limit: 50 }),
    enabled: permitted,
  })
  if (!permitted) return <p className="p-4 text-muted">{NO_PERMISSION('billing:read')}</p>

  const columns: Column<Invoice>[] = [
    {
      header: t`Invoice`,
      render: (invoice) => (
        <>
          <InvoiceLink invoice={invoice} />
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
      render: (invoice) => <RecordPayment invoice={invoice} size="sm" />,
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

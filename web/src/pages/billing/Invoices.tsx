import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { FileText } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { invoicesQuery, type Invoice } from '../../api/billing.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { formatMoney, isZero, openAmount } from '../../lib/money.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Day } from '../../ui/Time.tsx'
import { RecordPayment } from './RecordPayment.tsx'

/** The invoices of a subscription, or of a customer. */
export function Invoices({
  of,
  tenantId,
}: {
  of: { subscriptionId: string } | { customerId: string }
  tenantId: string
}) {
  const { tenant, can } = useSession()
  const permitted = can('billing:read', tenantId)
  const [trail, setTrail] = useState<string>()
  const query = useQuery({
    ...invoicesQuery({ ...of, limit: 50, cursor: cursorOf(trail) }),
    enabled: permitted,
  })
  if (!permitted) return <p className="p-4 text-muted">{NO_PERMISSION('billing:read')}</p>

  const columns: Column<Invoice>[] = [
    {
      header: t`Invoice`,
      render: (invoice) => (
        <>
          <Link {...paths.invoice(tenant.slug, invoice.id)} className="font-medium hover:underline">
            {invoice.number ?? t`Draft`}
          </Link>
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
      render: (invoice) => <RecordPayment invoice={invoice} small />,
    },
  ]
  return (
    <Card flush>
      <List
        query={query}
        what="invoices"
        columns={columns}
        trail={trail}
        onTrail={setTrail}
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

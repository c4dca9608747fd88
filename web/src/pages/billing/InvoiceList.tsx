import { t } from '../../../../shared/text.ts'
import type { UseQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Page } from '../../../../shared/api/common.ts'
import type { Invoice } from '../../api/billing.ts'
import { formatMoney, openAmount } from '../../lib/money.ts'
import { paths } from '../../paths.ts'
import type { Column } from '../../ui/DataTable.tsx'
import { Day } from '../../ui/Time.tsx'
import { List } from '../../components/List.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'

/** Invoices as every page lists them: each leads to its own page. */
export function InvoiceList({
  query,
  withCustomer = false,
  empty,
  trail,
  onTrail,
}: {
  query: UseQueryResult<Page<Invoice>>
  withCustomer?: boolean
  empty: ReactNode
  trail?: string | undefined
  onTrail?: (trail: string | undefined) => void
}) {
  const { tenant } = useSession()
  const customer: Column<Invoice> = {
    header: t`Customer`,
    render: (row) => (
      <Link {...paths.customer(tenant.slug, row.customer.id)} className="break-words hover:underline">
        {row.customer.name}
      </Link>
    ),
  }
  const columns: Column<Invoice>[] = [
    { header: t`Invoice`, render: (invoice) => <InvoiceLink invoice={invoice} /> },
    ...(withCustomer ? [customer] : []),
    { header: t`Status`, narrow: true, render: ({ status }) => <StateBadge of="invoice" state={status} /> },
    { header: t`Issued`, narrow: true, from: 'lg', render: ({ issueDate }) => <Day date={issueDate} /> },
    { header: t`Due`, narrow: true, from: 'md', render: ({ dueDate }) => <Day date={dueDate} /> },
    { header: t`Total`, align: 'right', narrow: true, from: 'sm', render: ({ total }) => formatMoney(total) },
    { header: t`Open`, align: 'right', narrow: true, render: (invoice) => formatMoney(openAmount(invoice)) },
  ]
  return (
    <List query={query} what="invoices" columns={columns} empty={empty} trail={trail} onTrail={onTrail} />
  )
}

export function InvoiceLink({ invoice: { id, number } }: { invoice: Invoice }) {
  const { tenant } = useSession()
  return (
    <Link {...paths.invoice(tenant.slug, id)} className="font-medium break-words hover:underline">
      {number ?? t`Draft`}
    </Link>
  )
}

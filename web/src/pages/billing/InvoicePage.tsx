import { percentOf } from '../../../../shared/states/tax.ts'
import { t } from '../../../../shared/text.ts'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { invoiceQuery, subscriptionQuery, type Invoice } from '../../api/billing.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { formatMoney, isZero, openAmount } from '../../lib/money.ts'

import { paths } from '../../paths.ts'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Day } from '../../ui/Time.tsx'
import { InvoiceDocuments } from './InvoiceDocuments.tsx'
import { InvoicePayments } from './InvoicePayments.tsx'
import { RecordPayment } from './RecordPayment.tsx'

const route = getRouteApi('/t/$tenant/invoices/$id')

/** One invoice: what it asks for, its documents, and what was paid of it. */
export default function InvoicePage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const query = useQuery({ ...invoiceQuery(id), enabled: can('billing:read') })
  const invoice = query.data
  return (
    <Page
      title={invoice ? (invoice.number ?? t`Draft`) : t`Invoice`}
      crumbs={[{ label: t`Invoices`, link: paths.invoices(tenant.slug) }]}
      permission="billing:read"
      badge={invoice && <StateBadge of="invoice" state={invoice.status} />}
      actions={invoice && <RecordPayment invoice={invoice} />}
    >
      <Loaded query={query} what="invoice">
        {(data) => <Content invoice={data} />}
      </Loaded>
    </Page>
  )
}

function Content({ invoice }: { invoice: Invoice }) {
  const { tenant, can } = useSession()
  const { customer, subscriptionId } = invoice
  const subscription = useQuery({
    ...subscriptionQuery(subscriptionId ?? ''),
    enabled: subscriptionId !== null && can('subscriptions:read', invoice.tenantId),
  })
  const name = subscription.data?.pod?.hostname ?? subscription.data?.plan.name
  return (
    <div className="space-y-4">
      <Card>
        <Facts
          facts={[
            [
              t`Customer`,
              <Link
                key="customer"
                {...paths.customer(tenant.slug, customer.id)}
                className="text-accent hover:underline"
              >
                {customer.name}
              </Link>,
            ],
            subscriptionId !== null && name !== undefined
              ? [
                  t`Subscription`,
                  <Link
                    key="subscription"
                    {...paths.subscription(tenant.slug, subscriptionId)}
                    className="text-accent hover:underline"
                  >
                    {name}
                  </Link>,
                ]
              : null,
            [t`Issued`, invoice.issueDate && <Day key="issued" date={invoice.issueDate} />],
            [t`Due`, invoice.dueDate && <Day key="due" date={invoice.dueDate} />],
            [t`Total`, formatMoney(invoice.total)],
            isZero(invoice.credited) ? null : [t`Credited`, formatMoney(invoice.credited)],
            [t`Open`, formatMoney(openAmount(invoice))],
            [t`Id`, <CopyId key="id" id={invoice.id} what="invoice id" />],
          ]}
        />
      </Card>
      <Card title="Lines" flush>
        <DataTable
          label="Lines"
          columns={COLUMNS}
          rows={invoice.lines}
          rowKey={({ lineNo }) => String(lineNo)}
        />
      </Card>
      <Card title="Documents">
        <InvoiceDocuments invoice={invoice} waits={subscription.data?.state === 'awaiting_payment'} />
      </Card>
      <Card title="Payments">
        <InvoicePayments invoice={invoice} />
      </Card>
    </div>
  )
}

const COLUMNS: Column<Invoice['lines'][number]>[] = [
  {
    header: t`Description`,
    render: ({ description, taxReason }) => (
      <>
        <div className="break-words">{description}</div>
        {taxReason !== '' && <div className="text-[13px] break-words text-muted">{taxReason}</div>}
      </>
    ),
  },
  { header: t`Net`, align: 'right', narrow: true, from: 'sm', render: ({ net }) => formatMoney(net) },
  {
    header: t`Tax`,
    align: 'right',
    narrow: true,
    from: 'md',
    render: ({ tax, taxRatePpm, taxCategory }) =>
      taxCategory === null ? '—' : `${formatMoney(tax)} (${percentOf(taxRatePpm)} %)`,
  },
  { header: t`Amount`, align: 'right', narrow: true, render: ({ gross }) => formatMoney(gross) },
]

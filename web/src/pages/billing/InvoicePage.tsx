import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { invoiceQuery, type Invoice, type InvoiceDetail } from '../../api/billing.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { locale } from '../../lib/language.ts'
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

/** One invoice: what is on it, what was paid, its documents, and what can be done with it. */
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
        {(data) => (
          <div className="space-y-4">
            <About invoice={data} />
            <Lines invoice={data} />
            <Card title="Documents">
              <InvoiceDocuments invoice={data} waits={data.subscription?.state === 'awaiting_payment'} />
            </Card>
            <Card title="Payment">
              <InvoicePayments invoice={data} />
            </Card>
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function About({ invoice }: { invoice: InvoiceDetail }) {
  const { tenant, can } = useSession()
  const { customer, subscription, domain } = invoice
  const link = 'break-words hover:underline'
  return (
    <Card>
      <Facts
        facts={[
          [
            t`Customer`,
            can('customers:read') ? (
              <Link key="customer" {...paths.customer(tenant.slug, customer.id)} className={link}>
                {customer.name}
              </Link>
            ) : (
              customer.name
            ),
          ],
          subscription && [
            t`Subscription`,
            <Link key="subscription" {...paths.subscription(tenant.slug, subscription.id)} className={link}>
              {subscription.name}
            </Link>,
          ],
          domain && [
            t`Domain`,
            <Link key="domain" {...paths.domain(tenant.slug, domain.id)} className={link}>
              {domain.name}
            </Link>,
          ],
          [t`Issued`, <Day key="issued" date={invoice.issueDate} />],
          [t`Due`, <Day key="due" date={invoice.dueDate} />],
          [t`Total`, formatMoney(invoice.total)],
          [t`Paid`, formatMoney(invoice.paid)],
          isZero(invoice.credited) ? null : [t`Credited`, formatMoney(invoice.credited)],
          [t`Open`, formatMoney(openAmount(invoice))],
          [t`Id`, <CopyId key="id" id={invoice.id} what="invoice id" />],
        ]}
      />
    </Card>
  )
}

type Line = Invoice['lines'][number]
const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 4 })
const COLUMNS: Column<Line>[] = [
  {
    header: t`Description`,
    render: ({ description }) => <span className="break-words">{description}</span>,
  },
  { header: t`Net`, align: 'right', narrow: true, from: 'sm', render: ({ net }) => formatMoney(net) },
  {
    header: t`Tax`,
    align: 'right',
    from: 'md',
    render: ({ taxCategory, taxRatePpm, tax, taxReason }) => (
      <>
        {formatMoney(tax)}
        {taxCategory !== null && (
          <div className="text-[13px] text-muted">
            {[percent.format(taxRatePpm / 1_000_000), taxReason].filter(Boolean).join(', ')}
          </div>
        )}
      </>
    ),
  },
  { header: t`Total`, align: 'right', narrow: true, render: ({ gross }) => formatMoney(gross) },
]

function Lines({ invoice }: { invoice: Invoice }) {
  const sums = [
    [t`Net`, invoice.subtotal],
    [t`Tax`, invoice.tax],
    [t`Total`, invoice.total],
  ] as const
  return (
    <Card title="What is charged" flush>
      <DataTable
        label="lines"
        columns={COLUMNS}
        rows={invoice.lines}
        rowKey={({ lineNo }) => String(lineNo)}
      />
      <dl className="ml-auto w-full max-w-72 space-y-1 border-t border-line p-4 tabular-nums">
        {sums.map(([name, money]) => (
          <div key={name} className="flex justify-between gap-4 last:font-semibold">
            <dt>{name}</dt>
            <dd>{formatMoney(money)}</dd>
          </div>
        ))}
      </dl>
    </Card>
  )
}

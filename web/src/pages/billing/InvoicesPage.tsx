import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { FileText } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { invoicesQuery, type Invoice } from '../../api/billing.ts'
import { taxSellerQuery } from '../../api/taxes.ts'
import { CsvButton } from '../../components/CsvButton.tsx'
import { ChoiceFilter, dayOf, DayFilter, Filters, oneOf } from '../../components/Filters.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { formatMoney, openAmount } from '../../lib/money.ts'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Day } from '../../ui/Time.tsx'

const route = getRouteApi('/t/$tenant/invoices')
const STATUSES = [
  'draft',
  'open',
  'paid',
  'uncollectible',
  'void',
] as const satisfies readonly Invoice['status'][]

/** Invoices of all customers. */
export default function InvoicesPage() {
  const { tenant, can } = useSession()
  const { page, ...wanted } = route.useSearch()
  const navigate = route.useNavigate()
  const filter = { status: oneOf(STATUSES, wanted.status), dueBefore: dayOf(wanted.dueBefore) }
  const list = invoicesQuery({ tenantId: tenant.id, ...filter, cursor: cursorOf(page) })
  const query = useQuery({
    ...list,
    enabled: can('billing:read'),
  })
  const show = (change: Partial<typeof filter>) =>
    void navigate({ search: { ...filter, ...change }, replace: true })
  const columns: Column<Invoice>[] = [
    {
      header: t`Invoice`,
      render: ({ id, number }) => (
        <Link {...paths.invoice(tenant.slug, id)} className="font-medium break-words hover:underline">
          {number ?? t`Draft`}
        </Link>
      ),
    },
    {
      header: t`Customer`,
      render: ({ customer }) => (
        <Link {...paths.customer(tenant.slug, customer.id)} className="break-words hover:underline">
          {customer.name}
        </Link>
      ),
    },
    { header: t`Status`, narrow: true, render: ({ status }) => <StateBadge of="invoice" state={status} /> },
    { header: t`Issued`, narrow: true, from: 'lg', render: ({ issueDate }) => <Day date={issueDate} /> },
    { header: t`Due`, narrow: true, from: 'md', render: ({ dueDate }) => <Day date={dueDate} /> },
    { header: t`Total`, align: 'right', narrow: true, from: 'sm', render: ({ total }) => formatMoney(total) },
    { header: t`Open`, align: 'right', narrow: true, render: (invoice) => formatMoney(openAmount(invoice)) },
  ]
  const filtered = Object.values(filter).some(Boolean)
  return (
    <Page title="Invoices" permission="billing:read">
      {tenant.id !== undefined && <SellerMissing tenantId={tenant.id} />}
      <Card flush>
        <Filters>
          <ChoiceFilter
            label="Status"
            value={filter.status}
            options={STATUSES}
            onChange={(status) => show({ status })}
          />
          <DayFilter
            label="Due before"
            value={filter.dueBefore}
            onChange={(dueBefore) => show({ dueBefore })}
          />
          <CsvButton of={list} />
        </Filters>
        <List
          query={query}
          what="invoices"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { ...filter, page: trail } })}
          empty={
            <EmptyState icon={FileText} title={filtered ? t`No invoice matches` : t`No invoices yet`}>
              {!filtered && t`An order brings its invoice with it.`}
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}

/** Without a seller nothing is taxed, and no invoice says why. */
function SellerMissing({ tenantId }: { tenantId: string }) {
  const { tenant, can } = useSession()
  const { data } = useQuery({ ...taxSellerQuery(tenantId), enabled: can('billing:read', tenantId) })
  if (data?.details !== null) return null
  return (
    <Notice
      tone="warning"
      title="Invoices are issued without tax"
      action={
        <Link {...paths.taxes(tenant.slug)} className={buttonClass()}>
          Taxes
        </Link>
      }
    >
      <p>Nobody has said who sells: name, address, country and VAT id.</p>
    </Notice>
  )
}

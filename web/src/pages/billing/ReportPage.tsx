import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState, type ReactNode } from 'react'
import { percentOf, TAX_CATEGORY_WORDS } from '../../../../shared/states/tax.ts'
import { t } from '../../../../shared/text.ts'
import { reportQuery, type BillingReport } from '../../api/accounts.ts'
import { DaysForm } from '../../components/DaysForm.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { lastMonths } from '../../lib/days.ts'
import { locale } from '../../lib/language.ts'
import { formatMoney } from '../../lib/money.ts'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'

const route = getRouteApi('/t/$tenant/billing-report')
type RowOf<Part extends 'recurring' | 'churn' | 'receivables' | 'taxes'> = BillingReport[Part][number]

const RECURRING: Column<RowOf<'recurring'>>[] = [
  { header: t`Currency`, render: ({ currency }) => currency },
  { header: t`Subscriptions`, align: 'right', from: 'sm', render: ({ subscriptions }) => subscriptions },
  { header: t`A month (MRR)`, align: 'right', render: ({ monthly }) => formatMoney(monthly) },
  { header: t`A year (ARR)`, align: 'right', render: ({ yearly }) => formatMoney(yearly) },
]
const rate = (ppm: number): string =>
  (ppm / 10_000).toLocaleString(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 })
const CHURN: Column<RowOf<'churn'>>[] = [
  { header: t`Currency`, render: ({ currency }) => currency },
  { header: t`At first`, align: 'right', render: ({ atStart }) => atStart },
  { header: t`Began`, align: 'right', render: ({ began }) => began },
  { header: t`Ended`, align: 'right', render: ({ ended }) => ended },
  {
    header: t`Rate`,
    align: 'right',
    render: ({ ratePpm }) => (ratePpm === null ? '—' : `${rate(ratePpm)} %`),
  },
]
const RECEIVABLES: Column<RowOf<'receivables'>>[] = [
  { header: t`Currency`, render: ({ currency }) => currency },
  { header: t`Not due`, align: 'right', from: 'md', render: ({ notDue }) => formatMoney(notDue) },
  { header: t`1–30 days`, align: 'right', from: 'md', render: ({ to30 }) => formatMoney(to30) },
  { header: '31–60', align: 'right', from: 'md', render: ({ to60 }) => formatMoney(to60) },
  { header: '61–90', align: 'right', from: 'sm', render: ({ to90 }) => formatMoney(to90) },
  { header: t`Over 90`, align: 'right', render: ({ over90 }) => formatMoney(over90) },
  { header: t`All`, align: 'right', render: ({ total }) => formatMoney(total) },
]
const TAXES: Column<RowOf<'taxes'>>[] = [
  { header: t`Month`, render: ({ month }) => month },
  {
    header: t`Tax`,
    render: ({ category, ratePpm }) =>
      category === null
        ? t`Not taxed`
        : category === 'S'
          ? `${percentOf(ratePpm)} %`
          : TAX_CATEGORY_WORDS[category],
  },
  { header: t`Net`, align: 'right', render: ({ net }) => formatMoney(net) },
  { header: t`Tax amount`, align: 'right', render: ({ tax }) => formatMoney(tax) },
]

/** Recurring revenue, churn, what is open, and revenue and tax. */
export default function ReportPage() {
  const { tenant, can } = useSession()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const [usual] = useState(() => lastMonths(2))
  const days = { from: search.from ?? usual.from, to: search.to ?? usual.to }
  const query = useQuery({
    ...reportQuery({ ...days, tenantId: tenant.id }),
    enabled: can('billing:read') && days.from <= days.to,
  })
  return (
    <Page title="Figures" permission="billing:read">
      <div className="space-y-4">
        <DaysForm value={days} onChange={(chosen) => void navigate({ search: chosen, replace: true })} />
        <Loaded query={query} what="figures">
          {(report) => (
            <>
              <Part title="Recurring revenue" hint="Of now, by the prices of what runs, without tax.">
                <Table label="Recurring revenue" columns={RECURRING} rows={report.recurring} />
              </Part>
              <Part
                title="Churn"
                hint="Delivered subscriptions in these days (UTC): how many of those that were there at first have ended."
              >
                <Table label="Churn" columns={CHURN} rows={report.churn} />
              </Part>
              <Part
                title="Receivables"
                hint="Of now, by days after the due date; without what was written off."
              >
                <Table label="Receivables" columns={RECEIVABLES} rows={report.receivables} />
              </Part>
              <Part title="Revenue and tax" hint="Invoices less credit notes, by the month of the document.">
                <Table label="Revenue and tax" columns={TAXES} rows={report.taxes} />
              </Part>
            </>
          )}
        </Loaded>
      </div>
    </Page>
  )
}

function Part({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  return (
    <Card title={title} flush>
      <p className="px-4 pt-3 text-[13px] text-muted">{hint}</p>
      {children}
    </Card>
  )
}

function Table<Row extends object>({
  label,
  columns,
  rows,
}: {
  label: string
  columns: Column<Row>[]
  rows: Row[]
}) {
  if (rows.length === 0) return <p className="p-4 text-muted">There is nothing to count.</p>
  return <DataTable label={label} columns={columns} rows={rows} rowKey={(row) => JSON.stringify(row)} />
}

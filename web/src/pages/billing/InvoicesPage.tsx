import { t } from '../../../../shared/text.ts'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { FileText } from 'lucide-react'
import { invoicesQuery, type Invoice } from '../../api/billing.ts'
import { CsvButton } from '../../components/CsvButton.tsx'
import { ChoiceFilter, dayOf, DayFilter, Filters, oneOf } from '../../components/Filters.tsx'
import { InvoiceList } from './InvoiceList.tsx'
import { cursorOf } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'

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
  const filtered = Object.values(filter).some(Boolean)
  return (
    <Page title="Invoices" permission="billing:read">
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
        <InvoiceList
          query={query}
          withCustomer
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

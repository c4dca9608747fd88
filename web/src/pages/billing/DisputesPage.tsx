import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Scale } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { disputesQuery, type Dispute } from '../../api/disputes.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { formatMoney, isZero } from '../../lib/money.ts'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'

const route = getRouteApi('/t/$tenant/disputes')

/** Payments that the banks of customers take back. */
export default function DisputesPage() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...disputesQuery({ tenantId: tenant.id, cursor: cursorOf(page) }),
    enabled: can('billing:read'),
  })
  const columns: Column<Dispute>[] = [
    {
      header: t`Customer`,
      render: ({ customer, invoices, payment }) => (
        <>
          <Link
            className="font-medium break-words hover:underline"
            {...paths.customer(tenant.slug, customer.id)}
          >
            {customer.name}
          </Link>
          <div className="text-[13px] break-all text-muted">
            {invoices.map(({ number }) => number).join(', ') || payment.reference}
          </div>
        </>
      ),
    },
    {
      header: t`Amount`,
      align: 'right',
      narrow: true,
      render: ({ amount, fee }) => (
        <>
          {formatMoney(amount)}
          {!isZero(fee) && <div className="text-[13px] text-muted">and {formatMoney(fee)} fee</div>}
        </>
      ),
    },
    { header: t`Reason`, from: 'lg', render: ({ reason }) => humanize(reason) },
    { header: t`State`, narrow: true, render: ({ state }) => <StateBadge of="dispute" state={state} /> },
    {
      header: t`Evidence`,
      from: 'md',
      narrow: true,
      render: ({ closedAt, evidenceSent, evidenceDueAt }) =>
        closedAt !== null ? (
          t`Not taken any more`
        ) : evidenceSent ? (
          t`Given`
        ) : evidenceDueAt === null ? (
          t`Not asked for`
        ) : (
          <>
            Due <Time at={evidenceDueAt} />
          </>
        ),
    },
    { header: t`Opened`, from: 'lg', narrow: true, render: ({ openedAt }) => <Time at={openedAt} /> },
  ]
  return (
    <Page title="Disputes" permission="billing:read">
      <p className="text-muted">
        Payments that the bank of a customer takes back. Evidence is given at the provider. Until a dispute
        has ended, nothing is sold to its customer, and what it had paid for is neither suspended nor ended;
        what is lost is owed again.
      </p>
      <Card flush>
        <List
          query={query}
          what="disputes"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={Scale} title="No disputes">
              No bank has taken a payment back.
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}

import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Plus, Tags } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { plansQuery, type Plan } from '../../api/billing.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { isPlatformUser, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { network, priceText, size, trialText } from '../../lib/words.ts'
import { formatMoney, isZero } from '../../lib/money.ts'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'

const route = getRouteApi('/t/$tenant/plans')

/** Says something only to those who see several tenants. */
const SOLD_BY = t`Sold by`

const COLUMNS: Column<Plan>[] = [
  {
    header: t`Plan`,
    render: (plan) => (
      <>
        <div className="font-medium">{plan.name}</div>
        <div className="font-mono text-[13px] text-muted">{plan.code}</div>
      </>
    ),
  },
  { header: t`Size`, from: 'md', render: size },
  { header: t`Network`, from: 'lg', render: network },
  {
    header: t`Prices`,
    render: (plan) => (
      <ul>
        {plan.prices.map((price) => (
          <li key={price.id}>
            {priceText(price)}
            {!isZero(price.setup) && <span className="text-muted">, set-up {formatMoney(price.setup)}</span>}
            {!isZero(price.paused) && (
              <span className="text-muted">, while paused {formatMoney(price.paused)}</span>
            )}
            {price.trialDays > 0 && <span className="text-muted">; {trialText(price)}</span>}
          </li>
        ))}
      </ul>
    ),
  },
  {
    header: SOLD_BY,
    from: 'lg',
    render: (plan) => (plan.tenantId === null ? t`Every tenant` : t`One tenant`),
  },
  { header: t`State`, narrow: true, render: (plan) => <StateBadge of="catalogue" state={plan.state} /> },
]

export default function PlansPage() {
  const { me, tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...plansQuery({ tenantId: tenant.id, cursor: cursorOf(page) }),
    enabled: can('plans:read'),
  })
  const create = can('plans:create') && (
    <Link {...paths.newPlan(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      New plan
    </Link>
  )
  return (
    <Page title="Plans" permission="plans:read" actions={create}>
      <Card flush>
        <List
          query={query}
          what="plans"
          columns={isPlatformUser(me) ? COLUMNS : COLUMNS.filter(({ header }) => header !== SOLD_BY)}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={Tags} title="No plans yet" action={create}>
              A plan is a size of CloudPod with its prices.
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}

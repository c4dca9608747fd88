import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Plus, Stamp } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { registrarsQuery, type Registrar } from '../../api/registrars.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { formatMoney } from '../../lib/money.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { lowBalanceWords } from './RegistrarMoney.tsx'

const route = getRouteApi('/t/$tenant/registrars')

/** The accounts of the platform at registries and registrars, with what is left in them. */
export default function RegistrarsPage() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...registrarsQuery({ cursor: cursorOf(page) }),
    enabled: can('infrastructure:read'),
  })
  const add = can('infrastructure:manage') && (
    <Link {...paths.newRegistrar(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      Add a registrar
    </Link>
  )
  const columns: Column<Registrar>[] = [
    {
      header: t`Registrar`,
      render: (row) => (
        <div className="min-w-0">
          <Link {...paths.registrar(tenant.slug, row.id)} className="font-medium break-words hover:underline">
            {row.name}
          </Link>
          {row.healthMessage && (
            <p className="text-[13px] break-words text-danger-text">{row.healthMessage}</p>
          )}
          {row.balanceLowAt && (
            <p className="text-[13px] break-words text-warning-text">
              {lowBalanceWords(row)} Low since <Time at={row.balanceLowAt} relative />.
            </p>
          )}
        </div>
      ),
    },
    {
      header: t`State`,
      narrow: true,
      render: ({ health, state, simulated, balanceLowAt }) => (
        <span className="inline-flex flex-wrap gap-1.5">
          <StateBadge of="cluster" state={health} />
          {state === 'retired' && <StateBadge of="catalogue" state="retired" />}
          {balanceLowAt !== null && <Badge tone="warning">Low balance</Badge>}
          {simulated && <Badge tone="warning">Simulated</Badge>}
        </span>
      ),
    },
    {
      header: t`Balance`,
      align: 'right',
      from: 'sm',
      render: ({ balance }) => (balance ? formatMoney(balance) : '—'),
    },
    { header: t`Domains`, align: 'right', from: 'md', render: ({ domains }) => domains },
    { header: t`Prices`, align: 'right', from: 'lg', render: ({ prices }) => prices },
    {
      header: t`Last look`,
      from: 'lg',
      narrow: true,
      render: ({ checkedAt }) => (checkedAt ? <Time at={checkedAt} relative /> : '—'),
    },
  ]
  return (
    <Page title="Registrars" permission="infrastructure:read" actions={add}>
      <Card flush>
        <List
          query={query}
          what="registrars"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={Stamp} title="No registrars yet" action={add}>
              Add an account at a registry or registrar to sell domains.
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}

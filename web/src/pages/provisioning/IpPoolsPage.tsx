import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Network, Plus } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { clustersQuery, ipPoolsQuery, type IpPool } from '../../api/provisioning.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { UsageBar } from '../../components/UsageBar.tsx'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'

const route = getRouteApi('/t/$tenant/ip-pools')

export default function IpPoolsPage() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const enabled = can('infrastructure:read')
  const query = useQuery({ ...ipPoolsQuery({ cursor: cursorOf(page) }), enabled })
  const clusters = useQuery({ ...clustersQuery({ limit: 200 }), enabled })
  const create = can('infrastructure:manage') && (
    <Link {...paths.newIpPool(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      New IP pool
    </Link>
  )
  const sources = can('infrastructure:read') && (
    <Link {...paths.ipSources(tenant.slug)} className={buttonClass('secondary')}>
      NetBox
    </Link>
  )
  const columns: Column<IpPool>[] = [
    {
      header: t`Pool`,
      render: (pool) => (
        <>
          <Link {...paths.ipPool(tenant.slug, pool.id)} className="font-medium hover:underline">
            {pool.name}
          </Link>
          <div className="font-mono text-[13px] break-all text-muted">{pool.network}</div>
        </>
      ),
    },
    { header: t`Used`, render: (pool) => <Usage pool={pool} /> },
    {
      header: t`Range`,
      from: 'lg',
      render: (pool) => (
        <span className="font-mono text-[13px]">
          {pool.rangeStart} – {pool.rangeEnd}
        </span>
      ),
    },
    {
      header: t`Bridge`,
      from: 'md',
      narrow: true,
      render: (pool) => (pool.vlan === null ? pool.bridge : `${pool.bridge}, VLAN ${pool.vlan}`),
    },
    {
      header: t`Cluster`,
      from: 'lg',
      render: (pool) => clusters.data?.items.find(({ id }) => id === pool.clusterId)?.name ?? '—',
    },
    {
      header: t`State`,
      narrow: true,
      from: 'sm',
      render: (pool) => <StateBadge of="catalogue" state={pool.state} />,
    },
  ]
  return (
    <Page
      title="IP pools"
      permission="infrastructure:read"
      actions={
        <>
          {sources}
          {create}
        </>
      }
    >
      <Card flush>
        <List
          query={query}
          what="IP pools"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={Network} title="No IP pools yet" action={create}>
              CloudPods take their addresses from the pools of their cluster.
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}

function Usage({ pool }: { pool: IpPool }) {
  const label = pool.quarantined > 0 ? t`${pool.quarantined} resting` : t`In use`
  return (
    <div className="min-w-36">
      <UsageBar label={label} used={pool.used} total={pool.size} />
    </div>
  )
}

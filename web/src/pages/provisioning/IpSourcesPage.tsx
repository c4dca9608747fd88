import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { BookMarked, Plus } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { ipSourcesQuery, type IpSource } from '../../api/ipSources.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'

const route = getRouteApi('/t/$tenant/ip-sources')

/** The NetBoxes that pools can take their addresses from. */
export default function IpSourcesPage() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...ipSourcesQuery({ cursor: cursorOf(page) }),
    enabled: can('infrastructure:read'),
  })
  const mayManage = can('infrastructure:manage')
  const add = mayManage && (
    <Link {...paths.newIpSource(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      Add a NetBox
    </Link>
  )
  const columns: Column<IpSource>[] = [
    {
      header: 'NetBox',
      render: ({ id, name, url }) => (
        <>
          {mayManage ? (
            <Link {...paths.ipSource(tenant.slug, id)} className="font-medium hover:underline">
              {name}
            </Link>
          ) : (
            <span className="font-medium">{name}</span>
          )}
          <div className="text-[13px] break-all text-muted">{url}</div>
        </>
      ),
    },
    {
      header: t`Connection`,
      render: ({ health, healthMessage }) => (
        <>
          <StateBadge of="cluster" state={health} />
          {healthMessage && <div className="text-[13px] break-words text-danger">{healthMessage}</div>}
        </>
      ),
    },
    { header: t`Pools`, narrow: true, render: ({ pools }) => pools },
    {
      header: t`Checked`,
      from: 'md',
      narrow: true,
      render: ({ checkedAt }) => <Time at={checkedAt} relative />,
    },
  ]
  return (
    <Page
      title="NetBox"
      crumbs={[{ label: t`IP pools`, link: paths.ipPools(tenant.slug) }]}
      permission="infrastructure:read"
      actions={add}
    >
      <Card flush>
        <List
          query={query}
          what="NetBoxes"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={BookMarked} title="No NetBox yet" action={add}>
              An IP pool can be a prefix of a NetBox: whoever takes an address there or here, the other knows.
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}

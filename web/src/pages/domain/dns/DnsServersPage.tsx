import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Plus, ServerCog } from 'lucide-react'
import { t } from '../../../../../shared/text.ts'
import { dnsServersQuery, type DnsServer } from '../../../api/dnsServers.ts'
import { cursorOf, List } from '../../../components/List.tsx'
import { Page } from '../../../components/Page.tsx'
import { useSession } from '../../../components/session.ts'
import { StateBadge } from '../../../components/StateBadge.tsx'
import { paths } from '../../../paths.ts'
import { Badge } from '../../../ui/Badge.tsx'
import { buttonClass } from '../../../ui/Button.tsx'
import { Card } from '../../../ui/Card.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { Time } from '../../../ui/Time.tsx'

const route = getRouteApi('/t/$tenant/dns-servers')

/** The servers that zones are kept on. */
export default function DnsServersPage() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...dnsServersQuery({ cursor: cursorOf(page) }),
    enabled: can('infrastructure:read'),
  })
  const mayManage = can('infrastructure:manage')
  const add = mayManage && (
    <Link {...paths.newDnsServer(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      Add a PowerDNS
    </Link>
  )
  const columns: Column<DnsServer>[] = [
    {
      header: t`Server`,
      render: ({ id, name, url, kind, isDefault }) => (
        <>
          <span className="flex flex-wrap items-center gap-2">
            {mayManage ? (
              <Link {...paths.dnsServer(tenant.slug, id)} className="font-medium hover:underline">
                {name}
              </Link>
            ) : (
              <span className="font-medium">{name}</span>
            )}
            {isDefault && <Badge>Default</Badge>}
          </span>
          <div className="text-[13px] break-all text-muted">
            {kind === 'powerdns' ? url : t`Files in the data folder`}
          </div>
        </>
      ),
    },
    {
      header: t`Name servers`,
      from: 'md',
      render: ({ nameServers }) => (
        <span className="break-all">{nameServers.map((one) => one.slice(0, -1)).join(', ') || '—'}</span>
      ),
    },
    {
      header: t`Connection`,
      render: ({ health, healthMessage }) => (
        <>
          <StateBadge of="cluster" state={health} />
          {healthMessage && <div className="text-[13px] break-words text-danger-text">{healthMessage}</div>}
        </>
      ),
    },
    { header: t`Zones`, narrow: true, align: 'right', from: 'sm', render: ({ zones }) => zones },
    {
      header: t`Checked`,
      from: 'lg',
      narrow: true,
      render: ({ checkedAt }) => <Time at={checkedAt} relative />,
    },
  ]
  return (
    <Page title="DNS servers" permission="infrastructure:read" actions={add}>
      <Card flush>
        <List
          query={query}
          what="DNS servers"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={ServerCog} title="No DNS server yet" action={add}>
              Zones of domains are kept on a PowerDNS, by way of its API.
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}

import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Server } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { strangersQuery, type Stranger } from '../../api/adoption.ts'
import { clusterQuery } from '../../api/provisioning.ts'
import { Filters, SearchFilter } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { codeWords, count } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'

const route = getRouteApi('/t/$tenant/clusters/$id/strangers')

/** The guests of a cluster that no pod owns: each may become one. */
export default function StrangersPage() {
  const { tenant, can } = useSession()
  const { id } = route.useParams()
  const { q } = route.useSearch()
  const navigate = route.useNavigate()
  const cluster = useQuery({ ...clusterQuery(id), enabled: can('infrastructure:read') })
  const query = useQuery({ ...strangersQuery(id, q), enabled: can('infrastructure:read') })
  return (
    <Page
      title={cluster.data ? t`Guests of nobody on ${cluster.data.name}` : t`Guests of nobody`}
      crumbs={[{ label: t`Clusters & nodes`, link: paths.clusters(tenant.slug) }]}
      permission="infrastructure:read"
    >
      <p className="text-muted">
        Read from the cluster just now. A guest that becomes a pod keeps its disks, card, address and power.
      </p>
      <Card flush>
        <Filters>
          <SearchFilter
            label="Search name, tag, node, VMID, MAC or address"
            value={q}
            onChange={(typed) => void navigate({ search: { q: typed || undefined }, replace: true })}
          />
        </Filters>
        <Loaded query={query} what="guests">
          {({ items }) =>
            items.length === 0 ? (
              <EmptyState icon={Server} title="No guest without a pod">
                {q ? t`None matches.` : t`Every guest of the cluster belongs to a pod.`}
              </EmptyState>
            ) : (
              <DataTable
                label="Guests without a pod"
                columns={columns(tenant.slug, id)}
                rows={items}
                rowKey={({ vmid }) => String(vmid)}
              />
            )
          }
        </Loaded>
      </Card>
    </Page>
  )
}

const columns = (tenant: string, cluster: string): Column<Stranger>[] => [
  {
    header: t`Guest`,
    render: ({ vmid, name }) => (
      <Link {...paths.adopt(tenant, cluster, vmid)} className="font-medium text-accent hover:underline">
        {name ?? `VMID ${vmid}`}
      </Link>
    ),
  },
  { header: 'VMID', render: ({ vmid }) => vmid, from: 'sm' },
  { header: t`Kind`, render: ({ kind }) => (kind === 'vm' ? t`Machine` : t`Container`), from: 'md' },
  { header: t`Node`, render: ({ node }) => node },
  { header: t`Power`, render: ({ status }) => codeWords(status) },
  {
    header: t`Size`,
    render: ({ cores, memoryMb, diskGb }) =>
      t`${count(cores, t`core`, t`cores`)}, ${memoryMb} MiB, ${diskGb} GiB`,
    from: 'lg',
  },
  { header: t`Tags`, render: ({ tags }) => tags.join(', '), from: 'xl' },
]

import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Layers, Plus } from 'lucide-react'
import { blueprintsQuery, type Blueprint } from '../../api/provisioning.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { count, disk, memory } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'

const route = getRouteApi('/t/$tenant/blueprints')

/** @param editable whether its page may be seen, which names nodes */
const columnsFor = (tenant: string, editable: boolean): Column<Blueprint>[] => [
  {
    header: 'Blueprint',
    render: (blueprint) => (
      <>
        {editable ? (
          <Link {...paths.blueprint(tenant, blueprint.id)} className="font-medium hover:underline">
            {blueprint.name}
          </Link>
        ) : (
          <div className="font-medium">{blueprint.name}</div>
        )}
        <div className="font-mono text-[13px] text-muted">{blueprint.code}</div>
      </>
    ),
  },
  { header: 'Kind', from: 'sm', render: ({ kind }) => (kind === 'vm' ? 'Virtual machine' : 'Container') },
  {
    header: 'At least',
    from: 'md',
    render: ({ minMemoryMb, minDiskGb }) => `${memory(minMemoryMb)}, ${disk(minDiskGb)} disk`,
  },
  {
    header: 'At most',
    from: 'lg',
    render: ({ maxCores, maxMemoryMb, maxDiskGb }) =>
      `${count(maxCores, 'core')}, ${memory(maxMemoryMb)}, ${disk(maxDiskGb)} disk`,
  },
  {
    header: 'Images',
    narrow: true,
    render: ({ available, images }) =>
      !available ? (
        <span className="text-warning-text">None</span>
      ) : images.length === 0 ? (
        'Available'
      ) : (
        count(images.length, 'node')
      ),
  },
  { header: 'State', narrow: true, render: ({ state }) => <StateBadge of="catalogue" state={state} /> },
]

export default function BlueprintsPage() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...blueprintsQuery({ tenantId: tenant.id, cursor: cursorOf(page) }),
    enabled: can('blueprints:read'),
  })
  // Making one names nodes, which only those who see the infrastructure can choose.
  const create = can('blueprints:create') && can('infrastructure:read') && (
    <Link {...paths.newBlueprint(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      New blueprint
    </Link>
  )
  return (
    <Page title="Blueprints" permission="blueprints:read" actions={create}>
      <Card flush>
        <List
          query={query}
          what="blueprints"
          columns={columnsFor(tenant.slug, can('blueprints:update') && can('infrastructure:read'))}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={Layers} title="No blueprints yet" action={create}>
              A blueprint is what a CloudPod is made from: a template on the nodes, and its limits.
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}

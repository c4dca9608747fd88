import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Plus, Server } from 'lucide-react'
import type { ReactNode } from 'react'
import { t } from '../../../../shared/text.ts'
import { reconcileCluster } from '../../api/findings.ts'
import { clustersQuery, nodesQuery, type Cluster, type Node } from '../../api/provisioning.ts'
import { useSubmit } from '../../api/submit.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'
import { Time } from '../../ui/Time.tsx'
import { NodeCard } from './NodeCard.tsx'

export default function ClustersPage() {
  const { tenant, can } = useSession()
  const enabled = can('infrastructure:read')
  const clusters = useQuery({ ...clustersQuery({ limit: 200 }), enabled })
  const nodes = useQuery({ ...nodesQuery({ limit: 200 }), enabled })
  const add = can('infrastructure:manage') && (
    <Link {...paths.newCluster(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      Add a cluster
    </Link>
  )
  return (
    <Page title="Clusters & nodes" permission="infrastructure:read" actions={add}>
      <Loaded query={clusters} what="clusters">
        {({ items }) =>
          items.length === 0 ? (
            <Card>
              <EmptyState icon={Server} title="No clusters yet" action={add}>
                A cluster is a Proxmox VE installation on which CloudPods run.
              </EmptyState>
            </Card>
          ) : (
            <div className="space-y-4">
              {items.map((cluster) => (
                <ClusterCard key={cluster.id} cluster={cluster}>
                  <Loaded query={nodes} what="nodes">
                    {(page) => <Nodes nodes={page.items.filter((node) => node.clusterId === cluster.id)} />}
                  </Loaded>
                </ClusterCard>
              ))}
            </div>
          )
        }
      </Loaded>
    </Page>
  )
}

function ClusterCard({ cluster, children }: { cluster: Cluster; children: ReactNode }) {
  const { tenant } = useSession()
  return (
    <Card
      title={cluster.name}
      actions={
        <>
          {cluster.simulated && <Badge tone="warning">Simulated</Badge>}
          <StateBadge of="catalogue" state={cluster.state} />
          <StateBadge of="cluster" state={cluster.health} />
          <CompareNow cluster={cluster} />
          <Link
            {...paths.strangers(tenant.slug, cluster.id)}
            className={buttonClass('secondary', 'sm')}
            aria-label={t`Guests of nobody on ${cluster.name}`}
          >
            Guests of nobody
          </Link>
          <Change cluster={cluster} />
        </>
      }
    >
      <div className="space-y-4">
        {cluster.healthMessage && (
          <Notice tone={cluster.health === 'failing' ? 'danger' : 'info'}>{cluster.healthMessage}</Notice>
        )}
        <Facts
          facts={[
            [
              t`Address`,
              <span key="url" className="break-all">
                {cluster.apiUrl}
              </span>,
            ],
            [
              t`Token`,
              <span key="token" className="break-all">
                {cluster.tokenId}
              </span>,
            ],
            ['VMIDs', t`${cluster.vmidMin} to ${cluster.vmidMax}`],
            [t`Checked`, <Time key="checked" at={cluster.checkedAt} relative />],
          ]}
        />
        {children}
      </div>
    </Card>
  )
}

function Change({ cluster }: { cluster: Cluster }) {
  const { tenant, can } = useSession()
  if (!can('infrastructure:manage')) return null
  return (
    <Link
      {...paths.editCluster(tenant.slug, cluster.id)}
      className={buttonClass('secondary', 'sm')}
      aria-label={t`Change ${cluster.name}`}
    >
      Change
    </Link>
  )
}

function CompareNow({ cluster }: { cluster: Cluster }) {
  const { tenant, can } = useSession()
  const navigate = useNavigate()
  const compare = useSubmit({
    send: (_: undefined, key) => reconcileCluster(cluster.id, key),
    onDone: ({ job }) => void navigate(paths.job(tenant.slug, job.id)),
  })
  const reason = can('infrastructure:manage') ? undefined : NO_PERMISSION('infrastructure:manage')
  return (
    <Button
      size="sm"
      loading={compare.isPending}
      disabledReason={reason}
      onClick={() =>
        compare.mutate(undefined, { onError: (error) => toast.failed(t`Not compared`, error.message) })
      }
    >
      Compare now
    </Button>
  )
}

function Nodes({ nodes }: { nodes: Node[] }) {
  if (nodes.length === 0)
    return <p className="text-muted">No nodes are known yet. They appear when the cluster has been read.</p>
  return (
    <ul className="grid gap-3 md:grid-cols-2">
      {nodes.map((node) => (
        <li key={node.id}>
          <NodeCard node={node} />
        </li>
      ))}
    </ul>
  )
}

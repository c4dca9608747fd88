import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { sourceName } from '../../../../shared/states/integrationPod.ts'
import { t } from '../../../../shared/text.ts'
import type { CloudPodDetail } from '../../api/cloudPods.ts'
import { customerQuery } from '../../api/customers.ts'
import { findingsQuery } from '../../api/findings.ts'
import { KeptOff } from './KeptOff.tsx'
import { useSession } from '../../components/session.ts'
import { count, disk, humanize, memory } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { FINDING_WORDS } from '../../lib/findingWords.ts'
import { TrafficNow } from './Traffic.tsx'

const EXPLAIN: Record<CloudPodDetail['state'], string> = {
  reserved: t`Capacity, address and VMID are held. The CloudPod is made when its order is paid.`,
  creating: t`The CloudPod is being made.`,
  active: '',
  failed: t`The CloudPod could not be made, and nothing of it is left.`,
  recoverable: t`The CloudPod was deleted. It is off, and its disk, address and name are kept for it.`,
  deleting: t`The CloudPod is being deleted.`,
  deleted: t`The CloudPod was destroyed, and its absence was proven.`,
}

export function CloudPodOverview({ pod }: { pod: CloudPodDetail }) {
  const { tenant, can } = useSession()
  const { placement } = pod
  return (
    <Card>
      <div className="space-y-4">
        {EXPLAIN[pod.state] && <p>{EXPLAIN[pod.state]}</p>}
        {pod.problem && <Notice tone="danger">{pod.problem}</Notice>}
        {pod.pendingRestart && (
          <Notice tone="info">
            It has its new cores and memory after its next restart by a reboot here.
          </Notice>
        )}
        <KeptOff pod={pod} />
        <PodFindings podId={pod.id} />
        <Facts
          facts={[
            [
              t`Addresses`,
              pod.addresses.length > 0 && (
                <span key="addresses" className="flex flex-wrap gap-x-3">
                  {pod.addresses.map((address) => (
                    <CopyId key={address} id={address} what="address" full />
                  ))}
                </span>
              ),
            ],
            [t`Region`, pod.region],
            pod.state === 'active'
              ? [
                  t`Power`,
                  <span key="power">
                    {humanize(pod.powerState)}
                    {pod.powerCheckedAt && (
                      <span className="text-muted">
                        , checked <Time at={pod.powerCheckedAt} relative />
                      </span>
                    )}
                  </span>,
                ]
              : null,
            [t`Processor`, count(pod.cores, t`core`, t`cores`)],
            [t`Memory`, memory(pod.memoryMb)],
            [t`Disk`, disk(pod.diskGb)],
            pod.state === 'active'
              ? [t`Traffic this month`, <TrafficNow key="traffic" podId={pod.id} />]
              : null,
            [t`Kind`, pod.kind === 'vm' ? t`Virtual machine` : t`Container`],
            [t`Plan`, pod.plan.name],
            [t`Blueprint`, pod.blueprint.name],
            [
              t`Subscription`,
              pod.soldBy ? (
                t`None: it is sold elsewhere`
              ) : pod.subscriptionId && !can('subscriptions:read', pod.tenantId) ? (
                t`It belongs to one`
              ) : pod.subscriptionId ? (
                <Link
                  key="subscription"
                  {...paths.subscription(tenant.slug, pod.subscriptionId)}
                  className="text-accent hover:underline"
                >
                  Open the subscription
                </Link>
              ) : (
                t`None: it is not billed`
              ),
            ],
            pod.soldBy ? [t`Sold by`, <SoldBy key="sold" soldBy={pod.soldBy} />] : null,
            pod.customerId && can('customers:read', pod.tenantId)
              ? [t`Customer`, <CustomerLink key="customer" id={pod.customerId} />]
              : null,
            placement
              ? [
                  t`Runs on`,
                  <div key="node">
                    {placement.nodeName} in {placement.clusterName}
                    <Judged judged={placement.judged} />
                  </div>,
                ]
              : null,
            placement
              ? [
                  t`VMID and MAC`,
                  <span key="vmid" className="font-mono text-[13px]">
                    {placement.vmid}, {placement.mac}
                  </span>,
                ]
              : null,
            [t`Created`, <Time key="created" at={pod.createdAt} />],
            pod.deletedAt ? [t`Destroyed`, <Time key="deleted" at={pod.deletedAt} />] : null,
            [t`Id`, <CopyId key="id" id={pod.id} what="CloudPod id" />],
          ]}
        />
      </div>
    </Card>
  )
}

/** The system that sells it, and what it is called there. */
function SoldBy({ soldBy }: { soldBy: NonNullable<CloudPodDetail['soldBy']> }) {
  return (
    <span className="flex flex-wrap gap-x-3">
      <span>
        {sourceName(soldBy.source)}, service {soldBy.serviceId}
      </span>
      <CopyId id={soldBy.externalKey} what="external key" full />
    </span>
  )
}

/** What was thought of each node when the pod was placed. */
function Judged({ judged }: { judged: NonNullable<CloudPodDetail['placement']>['judged'] }) {
  if (!judged) return null
  return (
    <details className="text-[13px]">
      <summary className="cursor-pointer text-accent">Why there?</summary>
      <ul className="mt-1 space-y-0.5 text-muted">
        {judged.map(({ cluster, node, memoryShare, ownPods, reason }) => (
          <li key={`${cluster} ${node}`} className="break-words">
            {node}:{' '}
            {reason ??
              t`could take it, ${Math.round(memoryShare * 100)} % of its memory, ${ownPods} of the tenant’s`}
          </li>
        ))}
      </ul>
    </details>
  )
}

/** What the cluster says otherwise, for those who run it. */
function PodFindings({ podId }: { podId: string }) {
  const { tenant, can } = useSession()
  const { data } = useQuery({
    ...findingsQuery({ podId, state: 'open', limit: 10 }),
    enabled: can('infrastructure:read', null),
  })
  return data?.items.map(({ id, kind, expected, found }) => (
    <Notice
      key={id}
      tone="warning"
      title={FINDING_WORDS[kind]}
      action={
        <Link {...paths.findings(tenant.slug, { state: 'open' })} className={buttonClass()}>
          Decide
        </Link>
      }
    >
      {found}; expected: {expected}
    </Notice>
  ))
}

function CustomerLink({ id }: { id: string }) {
  const { tenant } = useSession()
  const { data } = useQuery(customerQuery(id))
  return (
    <Link {...paths.customer(tenant.slug, id)} className="break-words text-accent hover:underline">
      {data?.name ?? t`Open the customer`}
    </Link>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { sourceName } from '../../../../shared/states/integrationPod.ts'
import type { CloudPodDetail } from '../../api/cloudPods.ts'
import { findingsQuery } from '../../api/findings.ts'
import { KeptOff } from './KeptOff.tsx'
import { useSession } from '../../components/session.ts'
import { disk, humanize, memory } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { FINDING_WORDS } from '../../lib/findingWords.ts'
import { TrafficNow } from './Traffic.tsx'

const EXPLAIN: Record<CloudPodDetail['state'], string> = {
  reserved: 'Capacity, address and VMID are held. The CloudPod is made when its order is paid.',
  creating: 'The CloudPod is being made.',
  active: '',
  failed: 'The CloudPod could not be made, and nothing of it is left.',
  recoverable: 'The CloudPod was deleted. It is off, and its disk, address and name are kept for it.',
  deleting: 'The CloudPod is being deleted.',
  deleted: 'The CloudPod was destroyed, and its absence was proven.',
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
              'Addresses',
              pod.addresses.length > 0 && (
                <span key="addresses" className="flex flex-wrap gap-x-3">
                  {pod.addresses.map((address) => (
                    <CopyId key={address} id={address} what="address" full />
                  ))}
                </span>
              ),
            ],
            ['Region', pod.region],
            pod.state === 'active'
              ? [
                  'Power',
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
            ['Processor', `${pod.cores} ${pod.cores === 1 ? 'core' : 'cores'}`],
            ['Memory', memory(pod.memoryMb)],
            ['Disk', disk(pod.diskGb)],
            pod.state === 'active'
              ? ['Traffic this month', <TrafficNow key="traffic" podId={pod.id} />]
              : null,
            ['Kind', pod.kind === 'vm' ? 'Virtual machine' : 'Container'],
            ['Plan', pod.plan.name],
            ['Blueprint', pod.blueprint.name],
            [
              'Subscription',
              pod.soldBy ? (
                'None: it is sold elsewhere'
              ) : pod.subscriptionId && !can('subscriptions:read', pod.tenantId) ? (
                'It belongs to one'
              ) : pod.subscriptionId ? (
                <Link
                  key="subscription"
                  {...paths.subscription(tenant.slug, pod.subscriptionId)}
                  className="text-accent hover:underline"
                >
                  Open the subscription
                </Link>
              ) : (
                'None: it is not billed'
              ),
            ],
            pod.soldBy ? ['Sold by', <SoldBy key="sold" soldBy={pod.soldBy} />] : null,
            pod.customerId && can('customers:read', pod.tenantId)
              ? [
                  'Customer',
                  <Link
                    key="customer"
                    {...paths.customer(tenant.slug, pod.customerId)}
                    className="text-accent hover:underline"
                  >
                    Open the customer
                  </Link>,
                ]
              : null,
            placement
              ? [
                  'Runs on',
                  <div key="node">
                    {placement.nodeName} in {placement.clusterName}
                    <Judged judged={placement.judged} />
                  </div>,
                ]
              : null,
            placement
              ? [
                  'VMID and MAC',
                  <span key="vmid" className="font-mono text-[13px]">
                    {placement.vmid}, {placement.mac}
                  </span>,
                ]
              : null,
            ['Created', <Time key="created" at={pod.createdAt} />],
            pod.deletedAt ? ['Destroyed', <Time key="deleted" at={pod.deletedAt} />] : null,
            ['Id', <CopyId key="id" id={pod.id} what="CloudPod id" />],
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
              `could take it, ${Math.round(memoryShare * 100)} % of its memory, ${ownPods} of the tenant’s`}
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

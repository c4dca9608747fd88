import { Link } from '@tanstack/react-router'
import type { CloudPodDetail } from '../../api/cloudPods.ts'
import { useSession } from '../../components/session.ts'
import { disk, humanize, memory } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'

const EXPLAIN: Record<CloudPodDetail['state'], string> = {
  reserved: 'Capacity, address and VMID are held. The CloudPod is made when its order is paid.',
  creating: 'The CloudPod is being made.',
  active: '',
  failed: 'The CloudPod could not be made, and nothing of it is left.',
  deleting: 'The CloudPod is being destroyed.',
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
            ['Kind', pod.kind === 'vm' ? 'Virtual machine' : 'Container'],
            ['Plan', pod.plan.name],
            ['Blueprint', pod.blueprint.name],
            [
              'Subscription',
              pod.subscriptionId && !can('subscriptions:read', pod.tenantId) ? (
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
            placement ? ['Runs on', `${placement.nodeName} in ${placement.clusterName}`] : null,
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

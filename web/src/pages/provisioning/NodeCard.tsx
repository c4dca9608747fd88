import { useQuery } from '@tanstack/react-query'
import { Settings2 } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import type { Node } from '../../api/provisioning.ts'
import { queuesQuery } from '../../api/provisioningControls.ts'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { UsageBar } from '../../components/UsageBar.tsx'
import { roomOf } from '../../lib/nodeRoom.ts'
import { count, disk, memory } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Time } from '../../ui/Time.tsx'
import { Emptying, EmptyNode } from './NodeEmptying.tsx'
import { NodeForm } from './NodeForm.tsx'
import { PauseButton } from './PauseButton.tsx'

/** What is reserved on a node, of what it may give: its size times how far it may be overcommitted. */
export function NodeCard({ node }: { node: Node }) {
  const { can } = useSession()
  const [configuring, setConfiguring] = useState(false)
  const { reserved } = node
  const room = roomOf(node)
  const { data } = useQuery(queuesQuery())
  const paused = data?.pauses.some(({ what, which }) => what === 'node' && which === node.id) ?? false
  return (
    <article aria-label={t`Node ${node.name}`} className="space-y-3 rounded-md border border-line p-4">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h3 className="font-semibold">{node.name}</h3>
        <div className="flex flex-wrap items-center gap-2">
          {paused && <StateBadge of="catalogue" state="paused" />}
          {node.state === 'drained' && <StateBadge of="catalogue" state="drained" />}
          <StateBadge of="node" state={node.status} />
        </div>
      </div>
      <UsageBar label="Cores" used={reserved.cores} total={room.cores} />
      <UsageBar label="Memory" used={reserved.memoryMb} total={room.memoryMb} format={memory} />
      <UsageBar label="Disk" used={reserved.diskGb} total={node.diskGb} format={disk} />
      {node.emptyingSince && <Emptying node={node} />}
      <div className="flex flex-wrap items-end justify-between gap-2">
        <div className="text-[13px] text-muted">
          <p>
            {[
              count(reserved.pods, t`CloudPod`, t`CloudPods`),
              node.storage ? t`storage ${node.storage}` : t`storage not chosen`,
              node.backupStorage ? t`backups to ${node.backupStorage}` : t`backups without a place`,
            ].join(', ')}
          </p>
          <p>
            {node.headroomPercent > 0
              ? t`Overcommit: cores × ${node.cpuOvercommit}, memory × ${node.memoryOvercommit}, ${node.headroomPercent} % of the memory left free`
              : t`Overcommit: cores × ${node.cpuOvercommit}, memory × ${node.memoryOvercommit}`}
          </p>
          {node.tags.length > 0 && <p>Tags: {node.tags.join(', ')}</p>}
          {node.cpuModel && (
            <p>
              {node.cpuModel}
              {node.cpuLevel && ` (${node.cpuLevel})`}
            </p>
          )}
          <p>
            Seen <Time at={node.seenAt} relative />
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          <EmptyNode node={node} />
          <PauseButton what="node" which={node.id} label={t`jobs on ${node.name}`} paused={paused} />
          <Button
            size="sm"
            icon={<Settings2 aria-hidden className="size-4" />}
            disabledReason={can('infrastructure:manage') ? undefined : NO_PERMISSION('infrastructure:manage')}
            onClick={() => setConfiguring(true)}
          >
            Configure<span className="sr-only"> {node.name}</span>
          </Button>
        </div>
      </div>
      <Dialog open={configuring} onClose={() => setConfiguring(false)} title={t`Configure ${node.name}`}>
        <NodeForm node={node} onClose={() => setConfiguring(false)} />
      </Dialog>
    </article>
  )
}

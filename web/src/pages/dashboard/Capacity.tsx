import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { nodesQuery, type Node } from '../../api/provisioning.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { useSession } from '../../components/session.ts'
import { UsageBar } from '../../components/UsageBar.tsx'
import { roomOf } from '../../lib/nodeRoom.ts'
import { count, memory } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'

const SHOWN = 5
const full = (node: Node): number => node.reserved.memoryMb / Math.max(1, roomOf(node).memoryMb)

/** How full the nodes are, the fullest first. */
export default function Capacity() {
  const { tenant } = useSession()
  const query = useQuery(nodesQuery({ limit: 200 }))
  return (
    <Card
      title="Node capacity"
      actions={
        <Link {...paths.clusters(tenant.slug)} className="text-accent hover:underline">
          Clusters & nodes
        </Link>
      }
    >
      <Loaded query={query} what="nodes">
        {({ items, nextCursor }) => {
          const online = items.filter(({ status }) => status === 'online').length
          return items.length === 0 ? (
            <p className="text-muted">No cluster is connected.</p>
          ) : (
            <div className="space-y-3">
              <p className="text-[13px] text-muted">
                {nextCursor === null
                  ? count(items.length, t`node`, t`nodes`)
                  : t`The newest ${items.length} nodes`}
                , {online === 1 ? t`1 is online` : t`${online} are online`}. Memory, the fullest first:
              </p>
              {items
                .toSorted((a, b) => full(b) - full(a))
                .slice(0, SHOWN)
                .map((node) => (
                  <UsageBar
                    key={node.id}
                    label={node.name}
                    used={node.reserved.memoryMb}
                    total={roomOf(node).memoryMb}
                    format={memory}
                  />
                ))}
            </div>
          )
        }}
      </Loaded>
    </Card>
  )
}

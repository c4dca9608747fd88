import { useQuery } from '@tanstack/react-query'
import { actionWords } from '../lib/actions.ts'
import { FileClock } from 'lucide-react'
import { auditQuery, timelineQuery, type AuditEvent } from '../api/audit.ts'
import { actorName } from '../lib/words.ts'
import { Button } from '../ui/Button.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import { Time } from '../ui/Time.tsx'
import { AuditChanges } from './AuditChanges.tsx'
import { Loaded } from './Loaded.tsx'
import { NO_PERMISSION, useSession } from './session.ts'
import { useState } from 'react'

/** What happened to one thing, newest first; with its type, also what happened to everything that belongs to it. */
export function Timeline({
  targetId,
  targetType,
}: {
  targetId: string
  targetType?: 'customer' | 'cloudPod' | 'domain'
}) {
  const { can } = useSession()
  const [limit, setLimit] = useState(20)
  const permitted = can('audit:read')
  const own = useQuery({ ...auditQuery({ targetId, limit }), enabled: permitted && targetType === undefined })
  const whole = useQuery({
    ...timelineQuery({ targetId, targetType: targetType ?? '', limit }),
    enabled: permitted && targetType !== undefined,
  })
  const query = targetType === undefined ? own : whole
  if (!permitted) return <p className="p-4 text-muted">{NO_PERMISSION('audit:read')}</p>
  return (
    <Loaded query={query} what="events">
      {({ items, nextCursor }) =>
        items.length === 0 ? (
          <EmptyState icon={FileClock} title="Nothing has happened yet" />
        ) : (
          <>
            <ol className="space-y-4 p-4">
              {items.map((event) => (
                <Entry key={event.id} event={event} />
              ))}
            </ol>
            {nextCursor !== null && limit < 200 && (
              <div className="border-t border-line p-3 text-center">
                <Button size="sm" loading={query.isFetching} onClick={() => setLimit(200)}>
                  Show older events
                </Button>
              </div>
            )}
          </>
        )
      }
    </Loaded>
  )
}

function Entry({ event }: { event: AuditEvent }) {
  return (
    <li className="grid gap-x-4 gap-y-1 border-l-2 border-line pl-4 sm:grid-cols-[14rem_1fr]">
      <div className="text-[13px] text-muted">
        <Time at={event.at} />
        <div className="break-words">{actorName(event.actor)}</div>
      </div>
      <div className="min-w-0">
        <p className="font-medium">{actionWords(event.action)}</p>
        <AuditChanges event={event} />
      </div>
    </li>
  )
}

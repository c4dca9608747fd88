import { useQuery } from '@tanstack/react-query'
import { actionWords } from '../../lib/actions.ts'
import { Link } from '@tanstack/react-router'
import { auditQuery } from '../../api/audit.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { useSession } from '../../components/session.ts'
import { SubjectLink } from '../../components/SubjectLink.tsx'
import { actorName } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Time } from '../../ui/Time.tsx'

const SHOWN = 8
/** People change things without a job, of which nothing tells. */
const AGAIN_MS = 20_000

export default function Activity() {
  const { tenant } = useSession()
  const query = useQuery({
    ...auditQuery({ tenantId: tenant.id, limit: SHOWN }),
    refetchInterval: AGAIN_MS,
  })
  return (
    <Card
      title="Recent activity"
      actions={
        <Link {...paths.audit(tenant.slug)} className="text-accent hover:underline">
          All events
        </Link>
      }
    >
      <Loaded query={query} what="events">
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-muted">Nothing has happened yet.</p>
          ) : (
            <ul className="space-y-2.5">
              {items.map(({ id, at, action, actor, target }) => (
                <li key={id} className="flex flex-wrap items-baseline justify-between gap-x-3">
                  <span className="min-w-0 break-words">
                    {actionWords(action)}
                    {target !== null && (
                      <>
                        : <SubjectLink {...target} />
                      </>
                    )}
                  </span>
                  <span className="text-[13px] text-muted">
                    {actorName(actor)}, <Time at={at} relative />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  )
}

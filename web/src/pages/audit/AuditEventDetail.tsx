import { Link } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import type { AuditEvent } from '../../api/audit.ts'
import { AuditChanges } from '../../components/AuditChanges.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { SubjectLink } from '../../components/SubjectLink.tsx'
import { actorName, humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Time } from '../../ui/Time.tsx'

export function AuditEventDetail({ event }: { event: AuditEvent }) {
  const { tenant } = useSession()
  return (
    <div className="space-y-4">
      <Facts
        facts={[
          [t`When`, <Time key="at" at={event.at} />],
          [t`Outcome`, <StateBadge key="outcome" of="outcome" state={event.outcome} />],
          [t`Who`, `${actorName(event.actor)} (${humanize(event.actor.type)})`],
          [t`On`, event.target && <SubjectLink key="target" {...event.target} />],
          [t`From address`, event.ip],
          [t`Request`, event.requestId && <CopyId key="request" id={event.requestId} what="request id" />],
          event.jobId
            ? [
                t`Job`,
                <Link
                  key="job"
                  {...paths.job(tenant.slug, event.jobId)}
                  className="text-accent hover:underline"
                >
                  Open the job
                </Link>,
              ]
            : null,
          event.correlationId
            ? [
                t`Correlation`,
                <Link
                  key="correlation"
                  {...paths.audit(tenant.slug, { correlationId: event.correlationId })}
                  className="text-accent hover:underline"
                >
                  All events of the same cause
                </Link>,
              ]
            : null,
          [t`Id`, <CopyId key="id" id={event.id} what="event id" />],
        ]}
      />
      <div>
        <h3 className="font-semibold">What changed</h3>
        {event.diff === null && event.details === null ? (
          <p className="text-muted">Nothing was recorded besides the event itself.</p>
        ) : (
          <AuditChanges event={event} />
        )}
      </div>
    </div>
  )
}

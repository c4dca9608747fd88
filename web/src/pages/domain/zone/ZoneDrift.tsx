import { canZone } from '../../../../../shared/states/domainZone.ts'
import { t } from '../../../../../shared/text.ts'
import { adoptZone, applyZone, type Zone } from '../../../api/dnsZones.ts'
import { useSubmit } from '../../../api/submit.ts'
import { count } from '../../../lib/words.ts'
import { Button } from '../../../ui/Button.tsx'
import { Card } from '../../../ui/Card.tsx'
import { Notice } from '../../../ui/Notice.tsx'
import { toast } from '../../../ui/Toast.tsx'
import { Changes } from './Changes.tsx'

const done = (words: string) => () => toast.done(words)
const failed = ({ message }: { message: string }) => toast.failed(t`Not begun`, message)

/** What the server has otherwise than it is here, and what to do about it. */
export function ZoneDrift({ zone, mayNot }: { zone: Zone; mayNot: string | undefined }) {
  const ours = useSubmit<null, unknown>({
    send: (_, key) => applyZone(zone.domainId, true, key),
    onDone: done(t`The zone is brought to its server`),
  })
  const theirs = useSubmit<null, unknown>({
    send: (_, key) => adoptZone(zone.domainId, key),
    onDone: done(t`What is on the server is taken over`),
  })
  const { drift, state, error } = zone
  if (drift === null || (state !== 'drift' && state !== 'held')) return null
  const adopt = canZone.adopt(zone)
  const nothing = drift.changes.length === 0 ? t`There is nothing on the server to take over.` : undefined
  return (
    <Card
      title={state === 'held' ? t`It waits for somebody to confirm it` : t`The server has something else`}
      actions={
        <>
          <Button
            size="sm"
            loading={theirs.isPending}
            disabledReason={mayNot ?? nothing ?? (adopt.allowed ? undefined : adopt.reason)}
            onClick={() => theirs.mutate(null, { onError: failed })}
          >
            Take over what is there
          </Button>
          <Button
            size="sm"
            variant="primary"
            loading={ours.isPending}
            disabledReason={mayNot}
            onClick={() => ours.mutate(null, { onError: failed })}
          >
            Make it as it is here
          </Button>
        </>
      }
    >
      <div className="space-y-3">
        <Notice tone="warning">
          {state === 'held' && error !== null
            ? error.message
            : (drift.reason ??
              (drift.missing
                ? t`The zone is not on its server any more.`
                : t`Somebody has changed ${count(drift.total, t`set`, t`sets`)} of records there. Your own edits are served beside that.`))}
        </Notice>
        <Changes changes={drift.changes} words={{ before: t`On the server`, after: t`Here` }} />
        {drift.total > drift.changes.length && (
          <p className="text-muted">And {drift.total - drift.changes.length} more.</p>
        )}
      </div>
    </Card>
  )
}

import { useState } from 'react'
import { canDnssec } from '../../../../../shared/states/domainDnssec.ts'
import { t } from '../../../../../shared/text.ts'
import { switchDnssec, type Zone } from '../../../api/dnsZones.ts'
import { useSubmit } from '../../../api/submit.ts'
import { ErrorNotice } from '../../../components/ErrorNotice.tsx'
import { DNSSEC_WORDS } from '../../../lib/domainWords.ts'
import { Badge } from '../../../ui/Badge.tsx'
import { Button } from '../../../ui/Button.tsx'
import { Card, Facts } from '../../../ui/Card.tsx'
import { CopyId } from '../../../ui/CopyId.tsx'
import { Dialog } from '../../../ui/Dialog.tsx'
import { Notice } from '../../../ui/Notice.tsx'
import { Time } from '../../../ui/Time.tsx'
import { toast } from '../../../ui/Toast.tsx'

const EXPLAINED: Record<'on' | 'off', string[]> = {
  on: [
    t`The server makes keys and signs the zone.`,
    t`Every name server is looked at, until all serve the keys.`,
    t`The DS goes to the registry: by itself where the domain is registered through us, else it is shown for copying.`,
    t`Once the DS is seen at the parent, the domain is secure.`,
  ],
  off: [
    t`The DS is taken away at the registry first: by itself where the domain is registered through us.`,
    t`The zone stays signed until the DS is gone at the parent and no resolver remembers it.`,
    t`Only then the keys go. Nothing is out of reach meanwhile.`,
  ],
}

/** Whether a zone is signed, and what that waits for. */
export function ZoneDnssec({ zone, mayNot }: { zone: Zone; mayNot: string | undefined }) {
  const [asking, setAsking] = useState<boolean | null>(null)
  const change = useSubmit<boolean, unknown>({
    send: (on, key) => switchDnssec(zone.domainId, on, key),
    onDone: () => {
      toast.done(t`It is begun`)
      setAsking(null)
    },
  })
  const { state, signs, since, until, words, ds } = zone.dnssec
  const subject = { state, signs, going: zone.state === 'ending' }
  const isOn = canDnssec.switchOff(subject).allowed
  const verdict = isOn ? canDnssec.switchOff(subject) : canDnssec.switchOn(subject)
  const [tone, label] = DNSSEC_WORDS[state]
  const isWrong = state === 'secure' && words !== null
  return (
    <Card
      title="DNSSEC"
      actions={
        <Button
          size="sm"
          disabledReason={mayNot ?? (verdict.allowed ? undefined : verdict.reason)}
          onClick={() => setAsking(!isOn)}
        >
          {isOn ? t`Switch off` : t`Switch on`}
        </Button>
      }
    >
      <div className="space-y-4">
        <Facts
          facts={[
            [
              t`State`,
              <Badge key="state" tone={tone}>
                {label}
              </Badge>,
            ],
            since === null ? null : [t`Since`, <Time key="since" at={since} relative />],
            until === null ? null : [t`The DS may be remembered until`, <Time key="until" at={until} />],
          ]}
        />
        {words !== null && <Notice tone={isWrong ? 'danger' : 'info'}>{words}</Notice>}
        {ds.length > 0 && (
          <div className="space-y-1">
            <p className="text-[13px] text-muted">
              DS at the parent: key tag, algorithm, digest type, digest
            </p>
            {ds.map((one) => (
              <div key={one.digest} className="min-w-0">
                <CopyId
                  id={`${one.keyTag} ${one.algorithm} ${one.digestType} ${one.digest}`}
                  what="DS record"
                  full
                  tone="inherit"
                />
              </div>
            ))}
          </div>
        )}
        {state === 'off' && (
          <p className="text-muted">
            {verdict.allowed
              ? t`Resolvers cannot check yet that answers for this domain are unchanged.`
              : verdict.reason}
          </p>
        )}
      </div>
      <Dialog
        open={asking !== null}
        onClose={() => setAsking(null)}
        title={asking ? t`Switch DNSSEC on` : t`Switch DNSSEC off`}
      >
        <div className="space-y-4">
          {change.error && <ErrorNotice error={change.error} />}
          <ol className="list-decimal space-y-1 pl-5">
            {EXPLAINED[asking ? 'on' : 'off'].map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ol>
          <div className="flex justify-end gap-2">
            <Button onClick={() => setAsking(null)}>Cancel</Button>
            <Button
              variant="primary"
              loading={change.isPending}
              onClick={() => asking !== null && change.mutate(asking)}
            >
              {asking ? t`Switch on` : t`Switch off`}
            </Button>
          </div>
        </div>
      </Dialog>
    </Card>
  )
}

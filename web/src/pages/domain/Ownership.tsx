import { useState } from 'react'
import { canDomain } from '../../../../shared/states/domain.ts'
import { t } from '../../../../shared/text.ts'
import { trustDomain, verifyDomain, type Domain } from '../../api/domains.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { ReasonForm } from '../../components/ReasonForm.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

/** What is still to be done so that a domain can be used. */
export function Ownership({ domain, proof }: { domain: Domain; proof: NonNullable<Domain['proof']> }) {
  const { can } = useSession()
  const [trusting, setTrusting] = useState(false)
  const look = useSubmit<null, unknown>({
    send: (_, key) => verifyDomain(domain.id, key),
    onDone: () => toast.done(t`DNS is asked`),
  })
  const verdict = canDomain.verify(domain)
  return (
    <Card
      title="Prove that the domain is yours"
      actions={
        <>
          {can('domains:create', null) && <Button onClick={() => setTrusting(true)}>Believe without</Button>}
          <Button
            variant="primary"
            loading={look.isPending}
            disabledReason={
              can('domains:update', domain.tenantId)
                ? verdict.allowed
                  ? undefined
                  : verdict.reason
                : NO_PERMISSION('domains:update')
            }
            onClick={() => look.mutate(null)}
          >
            Check now
          </Button>
        </>
      }
    >
      <div className="space-y-3">
        {look.error && <ErrorNotice error={look.error} />}
        <p>
          Set this record where the DNS of {domain.unicodeName} is kept today. mPanel looks for it every few
          minutes in the first hour, then every six hours for 30 days. It can be taken away once it was found.
        </p>
        <Facts
          facts={[
            [t`Type`, 'TXT'],
            [t`Name`, <CopyId key="name" id={proof.name} what="the name" full tone="inherit" />],
            [t`Content`, <CopyId key="value" id={proof.value} what="the content" full tone="inherit" />],
            [t`Last look`, domain.checkedAt && <Time key="at" at={domain.checkedAt} relative />],
            [t`Found`, domain.checkFault],
          ]}
        />
      </div>
      <Dialog
        open={trusting}
        onClose={() => setTrusting(false)}
        title={t`Believe whose ${domain.unicodeName} is`}
      >
        <ReasonForm
          submitLabel="Believe"
          send={(reason, key) => trustDomain(domain.id, reason, key)}
          onDone={() => toast.done(t`The domain can be used`)}
          onClose={() => setTrusting(false)}
        >
          The domain can be used without its record. The reason is kept with the event.
        </ReasonForm>
      </Dialog>
    </Card>
  )
}

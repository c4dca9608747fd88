import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { mailFindings, type MailProposal, type MailRecord } from '../../../../../shared/mailPolicy.ts'
import { canZone } from '../../../../../shared/states/domainZone.ts'
import { t } from '../../../../../shared/text.ts'
import { recordsQuery, type Zone } from '../../../api/dnsZones.ts'
import { Loaded } from '../../../components/Loaded.tsx'
import { Button } from '../../../ui/Button.tsx'
import { Card } from '../../../ui/Card.tsx'
import { Dialog } from '../../../ui/Dialog.tsx'
import { toast } from '../../../ui/Toast.tsx'
import { MailForm } from './MailForm.tsx'
import { rowsOf, shortName, type Staged } from './staged.ts'

/** What the zone says about its mail, with what is staged, and records that would be better. */
export function MailHelper({
  zone,
  mayNot,
  staged,
  onPropose,
}: {
  zone: Zone
  mayNot: string | undefined
  staged: Staged
  onPropose: (proposals: readonly MailProposal[]) => void
}) {
  const query = useQuery(recordsQuery(zone.domainId))
  const [open, setOpen] = useState(false)
  const verdict = canZone.edit(zone)
  return (
    <Card
      title="E-mail"
      actions={
        <Button
          size="sm"
          disabledReason={mayNot ?? (verdict.allowed ? undefined : verdict.reason)}
          onClick={() => setOpen(true)}
        >
          Propose records
        </Button>
      }
    >
      <Loaded query={query} what="records">
        {({ rrsets }) => {
          const records = rowsOf(zone.name, rrsets, staged)
            .filter(({ staged: how }) => how !== 'removed')
            .flatMap(({ name, type, value }) =>
              value.contents.map((content): MailRecord => ({ name, type, content })),
            )
          return (
            <>
              <Findings zone={zone} records={records} />
              <Dialog
                open={open}
                onClose={() => setOpen(false)}
                title="Records for e-mail"
                description="They are staged in the editor below: look at them there, then save."
                wide
              >
                <MailForm
                  zone={zone.name}
                  records={records}
                  onClose={() => setOpen(false)}
                  onDone={(proposals) => {
                    onPropose(proposals)
                    setOpen(false)
                    toast.done(t`Staged`, t`Save it under Records.`)
                  }}
                />
              </Dialog>
            </>
          )
        }}
      </Loaded>
    </Card>
  )
}

const ABOUT = { spf: 'SPF', dkim: 'DKIM', dmarc: 'DMARC' } as const

function Findings({ zone, records }: { zone: Zone; records: readonly MailRecord[] }) {
  const findings = mailFindings(zone.name, records, zone.spfLookups)
  if (findings.length === 0)
    return <p className="text-muted">Nothing is doubtful in its SPF, DKIM and DMARC records.</p>
  return (
    <ul className="space-y-2">
      {findings.map(({ about, name, code, message }) => (
        <li key={`${code} ${name} ${message}`}>
          <span className="font-medium">
            {ABOUT[about]}
            {name === zone.name ? '' : ` (${shortName(name, zone.name)})`}:
          </span>{' '}
          {message}
        </li>
      ))}
    </ul>
  )
}

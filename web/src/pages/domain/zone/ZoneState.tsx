import { useState } from 'react'
import { canZone, DRIFT_POLICIES } from '../../../../../shared/states/domainZone.ts'
import { t } from '../../../../../shared/text.ts'
import { applyZone, endZone, saveZoneFile, updateZone, type Zone } from '../../../api/dnsZones.ts'
import { useSubmit } from '../../../api/submit.ts'
import { ConfirmDestroy } from '../../../components/ConfirmDestroy.tsx'
import { StateBadge } from '../../../components/StateBadge.tsx'
import { DRIFT_WORDS } from '../../../lib/domainWords.ts'
import { Button } from '../../../ui/Button.tsx'
import { Card, Facts } from '../../../ui/Card.tsx'
import { CopyId } from '../../../ui/CopyId.tsx'
import { Select } from '../../../ui/Field.tsx'
import { Notice } from '../../../ui/Notice.tsx'
import { Time } from '../../../ui/Time.tsx'
import { toast } from '../../../ui/Toast.tsx'
import { ImportDialog } from './ImportDialog.tsx'
import { TemplateDialog } from './TemplateDialog.tsx'

/** How far a zone is, and what is done with it as a whole. */
export function ZoneState({ zone, mayNot }: { zone: Zone; mayNot: string | undefined }) {
  const [open, setOpen] = useState<'import' | 'template' | 'end' | null>(null)
  const close = () => setOpen(null)
  const edit = canZone.edit(zone)
  const why = mayNot ?? (edit.allowed ? undefined : edit.reason)
  const name = zone.name.slice(0, -1)
  return (
    <Card
      title="Zone"
      actions={
        <>
          <Button size="sm" disabledReason={why} onClick={() => setOpen('template')}>
            Use template
          </Button>
          <Button size="sm" disabledReason={why} onClick={() => setOpen('import')}>
            Import
          </Button>
          <Button
            size="sm"
            onClick={() =>
              void saveZoneFile(zone.domainId, zone.name).catch((error: Error) =>
                toast.failed(t`Not exported`, error.message),
              )
            }
          >
            Export
          </Button>
          <Button size="sm" variant="danger" disabledReason={why} onClick={() => setOpen('end')}>
            End zone
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <Fault zone={zone} why={why} />
        <Facts
          facts={[
            [t`State`, <StateBadge key="state" of="zone" state={zone.state} />],
            [t`Revision`, t`${zone.revision}, of which ${zone.appliedRevision} is served`],
            [t`Serial`, zone.serial],
            [t`Served since`, zone.appliedAt && <Time key="applied" at={zone.appliedAt} relative />],
            [t`Last look at the server`, zone.checkedAt && <Time key="at" at={zone.checkedAt} relative />],
            zone.server === '' ? null : [t`DNS server`, zone.server],
            [
              t`Delegate the domain to`,
              <span key="servers" className="flex flex-col items-start">
                {zone.nameServers.map((server) => (
                  <CopyId key={server} id={server.slice(0, -1)} what="name server" full tone="inherit" />
                ))}
              </span>,
            ],
            [t`When others change it on the server`, <Policy key="policy" zone={zone} why={why} />],
          ]}
        />
      </div>
      <ImportDialog zone={zone} open={open === 'import'} onClose={close} />
      <TemplateDialog zone={zone} open={open === 'template'} onClose={close} />
      <ConfirmDestroy
        open={open === 'end'}
        onClose={close}
        title={t`End the zone of ${name}`}
        name={name}
        effect="The zone is taken off its server: names in it are found no more, unless other servers have them."
        submitLabel="End zone"
        send={() => endZone(zone.domainId)}
        onDone={() => {
          toast.done(t`The zone is being removed`)
          close()
        }}
      />
    </Card>
  )
}

/** Why the zone is not served as it is wanted. */
function Fault({ zone, why }: { zone: Zone; why: string | undefined }) {
  const again = useSubmit<null, unknown>({
    send: (_, key) => applyZone(zone.domainId, false, key),
    onDone: () => toast.done(t`It is tried again`),
  })
  const { error, state } = zone
  if (error === null || state === 'held') return null
  return (
    <Notice
      tone={state === 'rejected' ? 'danger' : 'warning'}
      title={state === 'rejected' ? t`The server does not take the zone` : t`The zone waits for its server`}
      action={
        <Button
          size="sm"
          loading={again.isPending}
          disabledReason={why}
          onClick={() =>
            again.mutate(null, { onError: ({ message }) => toast.failed(t`Not begun`, message) })
          }
        >
          Try again
        </Button>
      }
    >
      {error.name === null
        ? error.message
        : t`At ${error.name.slice(0, -1)} (${error.type ?? ''}): ${error.message}`}
    </Notice>
  )
}

function Policy({ zone, why }: { zone: Zone; why: string | undefined }) {
  const change = useSubmit<Zone['policy'], Zone>({
    send: (policy) => updateZone(zone.domainId, { policy }),
    onDone: () => toast.done(t`Saved`),
  })
  return (
    <Select
      aria-label="When others change it on the server"
      value={zone.policy}
      disabled={why !== undefined || change.isPending}
      title={why}
      className="mt-1 max-w-64"
      onChange={({ target }) => {
        const policy = DRIFT_POLICIES.find((one) => one === target.value)
        if (policy) change.mutate(policy, { onError: ({ message }) => toast.failed(t`Not saved`, message) })
      }}
    >
      {DRIFT_POLICIES.map((policy) => (
        <option key={policy} value={policy}>
          {DRIFT_WORDS[policy]}
        </option>
      ))}
    </Select>
  )
}

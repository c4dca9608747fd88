import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { canSsl } from '../../../../shared/states/ssl.ts'
import { t } from '../../../../shared/text.ts'
import {
  deliverAgain,
  removeTarget,
  sslDeploymentsQuery,
  type SslCertificate,
  type SslTarget,
  type SslTargetMade,
} from '../../api/ssl.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { TargetForm } from './TargetForm.tsx'

const WAYS = { agent: t`Fetched by an agent`, webhook: t`Webhook`, guest: t`Guest agent` }

/** Where the certificate is delivered to, and how far each place is. */
export function Targets({ certificate }: { certificate: SslCertificate }) {
  const { can } = useSession()
  const [open, setOpen] = useState(false)
  const [made, setMade] = useState<SslTargetMade | null>(null)
  const [removing, setRemoving] = useState<SslTarget | null>(null)
  const query = useQuery(sslDeploymentsQuery(certificate.id))
  const again = useSubmit<SslTarget, { jobId: string | null }>({
    send: ({ id }, key) => deliverAgain(certificate.id, id, key),
    onDone: ({ jobId }) =>
      toast.done(jobId === null ? t`An agent may fetch it now` : t`The certificate is being delivered`),
  })
  const refused = can('ssl:manage', certificate.tenantId) ? undefined : NO_PERMISSION('ssl:manage')
  const verdict = canSsl.deliver(certificate)
  const columns: Column<SslTarget>[] = [
    { header: t`Target`, render: (target) => <Target target={target} /> },
    {
      header: t`State`,
      narrow: true,
      render: ({ state }) => <StateBadge of="sslTarget" state={state} />,
    },
    {
      header: t`Delivered`,
      narrow: true,
      from: 'md',
      render: ({ deliveredAt }) => (deliveredAt ? <Time at={deliveredAt} relative /> : '—'),
    },
    {
      header: t`Actions`,
      narrow: true,
      render: (target) => (
        <div className="flex flex-wrap gap-2">
          <Button
            size="sm"
            loading={again.isPending && again.variables.id === target.id}
            disabledReason={refused ?? (verdict.allowed ? undefined : verdict.reason)}
            onClick={() => again.mutate(target)}
          >
            Deliver again
          </Button>
          <Button size="sm" disabledReason={refused} onClick={() => setRemoving(target)}>
            Remove
          </Button>
        </div>
      ),
    },
  ]
  return (
    <Card
      title="Where it is delivered"
      flush
      actions={
        <Button size="sm" disabledReason={refused} onClick={() => setOpen(true)}>
          Add a target
        </Button>
      }
    >
      {again.error && <ErrorNotice error={again.error} />}
      <Loaded query={query} what="targets">
        {({ targets }) =>
          targets.length === 0 ? (
            <p className="p-4 text-muted">
              Nowhere yet. Each version can be fetched by an agent on a CloudPod, posted to a webhook, or
              written into a virtual machine; a handshake then proves that it is served.
            </p>
          ) : (
            <DataTable label="targets" columns={columns} rows={targets} rowKey={({ id }) => id} />
          )
        }
      </Loaded>
      <Dialog open={open} onClose={() => setOpen(false)} title="Add a target" wide>
        {open && (
          <TargetForm
            certificate={certificate}
            onClose={() => setOpen(false)}
            onMade={(target) => {
              setOpen(false)
              setMade(target.secret === null ? null : target)
              toast.done(t`It is delivered to ${target.name} from now on`)
            }}
          />
        )}
      </Dialog>
      <Dialog open={made !== null} onClose={() => setMade(null)} title="The webhook was added">
        {made?.secret && (
          <div className="space-y-3">
            <p>This secret signs the deliveries. It is not shown again.</p>
            <CopyId id={made.secret} what="secret" />
          </div>
        )}
      </Dialog>
      {removing && (
        <ConfirmDestroy
          open
          onClose={() => setRemoving(null)}
          title={t`Remove ${removing.name}`}
          name={removing.name}
          effect="It gets no further version. What it has stays there until it ends."
          submitLabel="Remove"
          send={() => removeTarget(certificate.id, removing.id)}
          onDone={() => {
            toast.done(t`Target removed`)
            setRemoving(null)
          }}
        />
      )}
    </Card>
  )
}

const SAID: Record<SslTarget['state'], string> = {
  waiting: t`The current version is not there yet.`,
  delivered: t`It has the current version; no handshake has shown it yet.`,
  served: t`A handshake has shown the current version.`,
  failed: t`The last delivery failed. It is tried again by itself.`,
}

function Target({ target }: { target: SslTarget }) {
  const { kind, name, address, chainPath, port, host, state, problem } = target
  const where = [WAYS[kind], address ?? chainPath, host ?? (port === 443 ? null : t`port ${port}`)]
  return (
    <>
      <p className="font-medium break-words">{name}</p>
      <p className="text-[13px] break-all text-muted">{where.filter(Boolean).join(' · ')}</p>
      <p className="text-[13px] text-muted">{SAID[state]}</p>
      {problem && <p className="text-[13px] break-words text-danger-text">{problem.message}</p>}
    </>
  )
}

import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { canRegistration } from '../../../../shared/states/domain.ts'
import { t } from '../../../../shared/text.ts'
import {
  answerTransfer,
  askAuthCode,
  deleteRegistration,
  setNameservers,
  type DomainOrdered,
  type DomainRegistration,
} from '../../api/domainRegistrations.ts'
import { zoneQuery } from '../../api/dnsZones.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Textarea } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'
import { EditContacts } from './EditContacts.tsx'
import { ordered, Renew, Restore } from './RenewForms.tsx'
import { readServers, SERVERS_HINT, writeServers } from './nameservers.ts'

type Verdict = { allowed: true } | { allowed: false; reason: string }
type Deed = 'renew' | 'nameservers' | 'contacts' | 'code' | 'restore' | 'delete'

/** What can be asked of a domain's registry, each with why it cannot be now. */
export function RegistrationActions({ registration: of }: { registration: DomainRegistration }) {
  const { can } = useSession()
  const [open, setOpen] = useState<Deed | null>(null)
  const close = () => setOpen(null)
  const answer = useSubmit<'approve' | 'reject' | 'cancel', DomainOrdered>({
    send: (how, key) => answerTransfer(of.id, how, key),
    onDone: ordered,
  })
  const why = (permission: 'domains:update' | 'domains:transfer' | 'domains:delete', verdict: Verdict) =>
    !can(permission, of.tenantId) ? NO_PERMISSION(permission) : verdict.allowed ? undefined : verdict.reason
  const update = why('domains:update', canRegistration.update(of))
  return (
    <>
      {of.registration === 'transfer_out_pending' &&
        (['reject', 'approve'] as const).map((how) => (
          <Button
            key={how}
            variant={how === 'reject' ? 'primary' : 'danger'}
            loading={answer.isPending}
            disabledReason={why('domains:transfer', canRegistration.answerTransferOut(of))}
            onClick={() => answer.mutate(how)}
          >
            {how === 'reject' ? t`Reject the transfer` : t`Let it go`}
          </Button>
        ))}
      {of.registration === 'transferring_in' && (
        <Button
          loading={answer.isPending}
          disabledReason={why('domains:transfer', canRegistration.cancelTransferIn(of))}
          onClick={() => answer.mutate('cancel')}
        >
          Take the transfer back
        </Button>
      )}
      {of.registration === 'redemption' ? (
        <Button
          variant="primary"
          disabledReason={why('domains:update', canRegistration.restore(of))}
          onClick={() => setOpen('restore')}
        >
          Restore
        </Button>
      ) : (
        <Button
          disabledReason={why('domains:update', canRegistration.renew(of))}
          onClick={() => setOpen('renew')}
        >
          Renew
        </Button>
      )}
      <Button disabledReason={update} onClick={() => setOpen('nameservers')}>
        Name servers
      </Button>
      <Button disabledReason={update} onClick={() => setOpen('contacts')}>
        Contacts
      </Button>
      <Button
        disabledReason={why('domains:transfer', canRegistration.authCode(of))}
        onClick={() => setOpen('code')}
      >
        Transfer code
      </Button>
      <Button
        variant="danger"
        disabledReason={why('domains:delete', canRegistration.delete(of))}
        onClick={() => setOpen('delete')}
      >
        Delete
      </Button>
      <Dialog open={answer.error !== null} onClose={() => answer.reset()} title="It was not done">
        {answer.error && <ErrorNotice error={answer.error} />}
      </Dialog>
      <Dialog open={open === 'renew'} onClose={close} title={t`Renew ${of.name}`}>
        <Renew of={of} onClose={close} />
      </Dialog>
      <Dialog open={open === 'restore'} onClose={close} title={t`Restore ${of.name}`}>
        <Restore of={of} onClose={close} />
      </Dialog>
      <Dialog open={open === 'nameservers'} onClose={close} title="Name servers">
        <Servers of={of} onClose={close} />
      </Dialog>
      <Dialog open={open === 'contacts'} onClose={close} title="Contacts">
        <EditContacts of={of} onClose={close} />
      </Dialog>
      <Dialog open={open === 'code'} onClose={close} title="Transfer code">
        <Code of={of} />
      </Dialog>
      <ConfirmDestroy
        open={open === 'delete'}
        onClose={close}
        title={t`Delete ${of.name} at its registry`}
        name={of.name}
        effect="It stops working at once. For some weeks it can be restored for a fee; then anybody can register it."
        hint="Its renewals are not paid back."
        submitLabel="Delete the registration"
        send={() => deleteRegistration(of.id)}
        onDone={() => {
          toast.done(t`The registry is asked`)
          close()
        }}
      />
    </>
  )
}

type Props = { of: DomainRegistration; onClose: () => void }

function Servers({ of, onClose }: Props) {
  const ours = useQuery(zoneQuery(of.id)).data?.nameServers ?? []
  const form = useApiForm<{ servers: string }, DomainOrdered>({
    defaultValues: { servers: writeServers(of.nameservers) },
    fieldOf: () => 'servers',
    send: ({ servers }) => setNameservers(of.id, readServers(servers)),
    onDone: (answer) => {
      ordered(answer)
      onClose()
    },
  })
  return (
    <Form of={form} submitLabel="Tell the registry" onCancel={onClose}>
      {of.ds.length > 0 && (
        <Notice tone="warning">
          The registry has DNSSEC keys of this domain: with name servers that do not sign with them it is not
          reached any more.
        </Notice>
      )}
      <Field label="Name servers" hint={SERVERS_HINT} error={form.errorOf('servers')}>
        <Textarea
          spellCheck={false}
          className="font-mono text-[13px]"
          {...form.form.register('servers', { required: REQUIRED })}
        />
      </Field>
      {ours.length > 0 && (
        <Button
          onClick={() =>
            form.form.setValue('servers', writeServers(ours.map((host) => ({ host, addresses: [] }))))
          }
        >
          Use those of its zone here
        </Button>
      )}
    </Form>
  )
}

function Code({ of }: { of: DomainRegistration }) {
  const [code, setCode] = useState<string | null>()
  const ask = useSubmit<null, { authCode: string | null }>({
    send: (_, key) => askAuthCode(of.id, key),
    onDone: ({ authCode }) => setCode(authCode),
  })
  return (
    <div className="space-y-4">
      {ask.error && <ErrorNotice error={ask.error} />}
      {code === undefined ? (
        <>
          <p>Whoever has this code can move the domain to another registrar. A new one is made each time.</p>
          <Button variant="primary" loading={ask.isPending} onClick={() => ask.mutate(null)}>
            Show the code
          </Button>
        </>
      ) : code === null ? (
        <Notice tone="success">The registrar mails it to the holder.</Notice>
      ) : (
        <Notice tone="success" title="It is not shown again.">
          <CopyId id={code} what="the code" full tone="inherit" />
        </Notice>
      )}
    </div>
  )
}

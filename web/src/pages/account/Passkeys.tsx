import { useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  addPasskey,
  passkeyFault,
  passkeysQuery,
  removePasskey,
  renamePasskey,
  type Passkey,
} from '../../api/passkeys.ts'
import { meQuery } from '../../api/session.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'

type Open = { what: 'add' } | { what: 'rename' | 'remove'; passkey: Passkey } | null

/** The own passkeys, and every way to change them. */
export function Passkeys() {
  const query = useQuery(passkeysQuery)
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  return (
    <>
      <Card
        title="Passkeys"
        actions={
          <Button size="sm" disabledReason={passkeyFault()} onClick={() => setOpen({ what: 'add' })}>
            Add a passkey
          </Button>
        }
      >
        <Loaded query={query} what="passkeys">
          {({ items }) =>
            items.length === 0 ? (
              <EmptyState icon={KeyRound} title="No passkeys">
                A passkey logs you in with the lock of your device, without a password or code.
              </EmptyState>
            ) : (
              <ul aria-label="Passkeys" className="divide-y divide-line">
                {items.map((passkey) => (
                  <Item key={passkey.id} passkey={passkey} onOpen={setOpen} />
                ))}
              </ul>
            )
          }
        </Loaded>
      </Card>
      <Dialog open={open?.what === 'add'} onClose={close} title="Add a passkey">
        {open?.what === 'add' && <Add onDone={close} />}
      </Dialog>
      <Dialog open={open?.what === 'rename'} onClose={close} title="Rename the passkey">
        {open?.what === 'rename' && <Rename passkey={open.passkey} onDone={close} />}
      </Dialog>
      <Dialog open={open?.what === 'remove'} onClose={close} title="Remove the passkey">
        {open?.what === 'remove' && <Remove passkey={open.passkey} onDone={close} />}
      </Dialog>
    </>
  )
}

function Item({ passkey, onOpen }: { passkey: Passkey; onOpen: (open: Open) => void }) {
  const { name, backedUp, createdAt, lastUsedAt } = passkey
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2 font-medium break-words">
          {name}
          {backedUp && <Badge tone="neutral">Synchronised</Badge>}
        </p>
        <p className="text-muted">
          {lastUsedAt === null ? (
            <>
              Added <Time at={createdAt} />, not used yet
            </>
          ) : (
            <>
              Added <Time at={createdAt} />, last used <Time at={lastUsedAt} relative />
            </>
          )}
        </p>
      </div>
      <div className="flex gap-2">
        <Button size="sm" aria-label={t`Rename ${name}`} onClick={() => onOpen({ what: 'rename', passkey })}>
          Rename
        </Button>
        <Button size="sm" aria-label={t`Remove ${name}`} onClick={() => onOpen({ what: 'remove', passkey })}>
          Remove
        </Button>
      </div>
    </li>
  )
}

function Add({ onDone }: { onDone: () => void }) {
  const client = useQueryClient()
  const [codes, setCodes] = useState<string[] | null>(null)
  const of = useApiForm({
    defaultValues: { name: t`My passkey` },
    send: addPasskey,
    onDone: (added) => {
      toast.done(t`The passkey is added`)
      // A role may have waited for it.
      void client.invalidateQueries({ queryKey: meQuery.queryKey })
      if (added.codes === null) onDone()
      else setCodes(added.codes)
    },
  })
  if (codes) return <RecoveryCodes codes={codes} onDone={onDone} />
  return (
    <Form of={of} submitLabel="Go on" onCancel={onDone}>
      <p>Your browser asks where to keep it and how to unlock it.</p>
      <Field label="Name" hint="So that you know it again among others." error={of.errorOf('name')}>
        <Input maxLength={100} {...of.form.register('name', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

function Rename({ passkey, onDone }: { passkey: Passkey; onDone: () => void }) {
  const of = useApiForm({
    defaultValues: { name: passkey.name },
    send: ({ name }) => renamePasskey(passkey.id, name),
    onDone,
  })
  return (
    <Form of={of} submitLabel="Rename" onCancel={onDone}>
      <Field label="Name" error={of.errorOf('name')}>
        <Input maxLength={100} {...of.form.register('name', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

function Remove({ passkey, onDone }: { passkey: Passkey; onDone: () => void }) {
  const client = useQueryClient()
  const submit = useSubmit<void, void>({
    send: () => removePasskey(passkey.id),
    onDone: () => {
      toast.done(t`The passkey is removed`)
      void client.invalidateQueries({ queryKey: meQuery.queryKey })
      onDone()
    },
  })
  return (
    <>
      <p>
        {passkey.name} will no longer open your account. Remove it from your device as well. If it is your
        last second factor, your recovery codes end with it.
      </p>
      {submit.error && <ErrorNotice error={submit.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onDone}>Back</Button>
        <Button variant="danger" loading={submit.isPending} onClick={() => submit.mutate()}>
          Remove
        </Button>
      </div>
    </>
  )
}

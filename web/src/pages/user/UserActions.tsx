import { Ban, KeyRound, Pencil, UserCheck, VenetianMask } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { sendPasswordReset, updateUser, type User } from '../../api/users.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { ACTING_NEEDS_MFA, ImpersonateDialog } from '../../components/ImpersonateDialog.tsx'
import { isPlatformUser, NO_PERMISSION, permits, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { useGiver, useIsMyself } from './giver.ts'

const ONLY_PLATFORM = t`Accounts belong to the platform, as a person may work for several tenants. Take the role instead.`

/** Why this user is not the viewer's to change, as far as the page can know it. */
function useReason(user: User): string | undefined {
  const { me, can } = useSession()
  const { isSuper } = useGiver()
  if (!can('users:manage', null)) return isPlatformUser(me) ? NO_PERMISSION('users:manage') : ONLY_PLATFORM
  const isAbove = user.grants.some(({ role, tenantId }) => role === 'SUPER_ADMIN' && tenantId === null)
  return isAbove && !isSuper ? t`Only a super administrator decides about super administrators.` : undefined
}

/** Why nobody acts as this user, as far as the page can know it. */
function refusalToAct(user: User, myself: boolean, mfa: boolean): string | undefined {
  if (!mfa) return ACTING_NEEDS_MFA
  if (myself) return t`You are this user already.`
  if (user.kind === 'service') return t`A service account is a program: nobody acts as one.`
  if (user.state !== 'active') return t`The user is disabled.`
  if (user.grants.some(({ tenantId }) => tenantId === null)) return t`Nobody acts as a user of the platform.`
  return undefined
}

/** Why nobody sends this user a link to set a new password, as far as the page can know it. */
function refusalToReset(user: User): string | undefined {
  if (user.kind === 'service') return t`A service account has no password: it uses keys.`
  return user.state === 'active' ? undefined : t`The user is disabled: enable the account first.`
}

/** What is done to an account as a whole. */
export function UserActions({ user }: { user: User }) {
  const [open, setOpen] = useState<'edit' | 'reset' | 'state' | 'act' | null>(null)
  const reason = useReason(user)
  const myself = useIsMyself(user.id)
  const disables = user.state === 'active'
  const close = () => setOpen(null)
  const { me } = useSession()
  const mayLook = permits(me, 'users:view-as') || permits(me, 'users:impersonate')
  return (
    <>
      {mayLook && (
        <Button
          icon={<VenetianMask aria-hidden className="size-4" />}
          disabledReason={refusalToAct(user, myself, me.mfa)}
          onClick={() => setOpen('act')}
        >
          Act as
        </Button>
      )}
      {open === 'act' && <ImpersonateDialog user={user} onClose={close} />}
      <Button
        icon={<Pencil aria-hidden className="size-4" />}
        disabledReason={reason}
        onClick={() => setOpen('edit')}
      >
        Rename
      </Button>
      <Button
        icon={<KeyRound aria-hidden className="size-4" />}
        disabledReason={reason ?? refusalToReset(user)}
        onClick={() => setOpen('reset')}
      >
        Send a password reset link
      </Button>
      <Button
        variant={disables ? 'danger' : 'primary'}
        icon={
          disables ? <Ban aria-hidden className="size-4" /> : <UserCheck aria-hidden className="size-4" />
        }
        disabledReason={reason ?? (myself ? t`Nobody disables themselves: ask somebody else.` : undefined)}
        onClick={() => setOpen('state')}
      >
        {disables ? t`Disable` : t`Enable`}
      </Button>
      <Dialog open={open === 'edit'} onClose={close} title="Rename the user">
        {open === 'edit' && <Rename user={user} onClose={close} />}
      </Dialog>
      <Dialog open={open === 'reset'} onClose={close} title="Send a password reset link">
        {open === 'reset' && <SendReset user={user} onClose={close} />}
      </Dialog>
      <Dialog
        open={open === 'state'}
        onClose={close}
        title={disables ? t`Disable ${user.name}` : t`Enable ${user.name}`}
      >
        {open === 'state' && <ChangeState user={user} onClose={close} />}
      </Dialog>
    </>
  )
}

function Rename({ user, onClose }: { user: User; onClose: () => void }) {
  const of = useApiForm<{ name: string }, User>({
    defaultValues: { name: user.name },
    send: (body) => updateUser(user, body),
    onDone: () => {
      toast.done(t`User renamed`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <Field label="Name" error={of.errorOf('name')}>
        <Input maxLength={200} {...of.form.register('name', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

function SendReset({ user, onClose }: { user: User; onClose: () => void }) {
  const of = useApiForm<Record<string, never>, void>({
    defaultValues: {},
    send: (_, key) => sendPasswordReset(user.id, key),
    onDone: () => {
      toast.done(t`The link is on its way`, user.email)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Send" onCancel={onClose}>
      <p>
        {user.email} gets a mail with a link to set a new password. It counts for one hour and once, and an
        earlier link ends.
      </p>
      <ul className="list-disc space-y-1 pl-5">
        <li>The present password works until a new one is set; then all sessions of this user end.</li>
        <li>A second step to log in stays as it is, and so do API keys.</li>
      </ul>
    </Form>
  )
}

function ChangeState({ user: given, onClose }: { user: User; onClose: () => void }) {
  // As it was when the dialog opened: the page behind it goes on.
  const [user] = useState(given)
  const disables = user.state === 'active'
  const of = useApiForm<Record<string, never>, User>({
    defaultValues: {},
    send: () => updateUser(user, { state: disables ? 'disabled' : 'active' }),
    onDone: () => {
      toast.done(disables ? t`User disabled` : t`User enabled`)
      onClose()
    },
  })
  return (
    <Form of={of} danger={disables} submitLabel={disables ? t`Disable` : t`Enable`} onCancel={onClose}>
      {disables ? (
        <ul className="list-disc space-y-1 pl-5">
          <li>{user.email} is logged out everywhere at once, and cannot log in.</li>
          <li>API keys of this user are refused. Jobs of theirs that have not begun are refused, too.</li>
          <li>Roles, keys and history are kept: enabling brings all of it back.</li>
        </ul>
      ) : (
        <p>{user.email} can log in again with the same password and roles. Kept API keys work again.</p>
      )}
    </Form>
  )
}

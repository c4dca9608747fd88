import { t } from '../../../shared/text.ts'
import { invite, type Invitation } from '../api/invitations.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Field, Input } from '../ui/Field.tsx'
import { toast } from '../ui/Toast.tsx'
import { Form, REQUIRED, useApiForm } from './Form.tsx'
import { RoleSelect } from './RoleSelect.tsx'
import { useSession } from './session.ts'

/** Invites somebody by mail, to a tenant or with null to the platform. */
export function InviteDialog({
  open,
  onClose,
  tenantId,
}: {
  open: boolean
  onClose: () => void
  tenantId: string | null
}) {
  const { can } = useSession()
  const elsewhere =
    tenantId === null ? t` Who is to work in one tenant is invited there: choose it at the top first.` : ''
  const kept = can('mails:read', null) ? t` Without a mail server it is kept under Mail.` : ''
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={tenantId === null ? t`Invite to the platform` : t`Invite to the tenant`}
      description={t`A link is sent to the address. It counts for three days and once.${kept}${elsewhere}`}
    >
      <InviteForm tenantId={tenantId} onClose={onClose} />
    </Dialog>
  )
}

function InviteForm({ tenantId, onClose }: { tenantId: string | null; onClose: () => void }) {
  const of = useApiForm<{ email: string; roleId: string }, Invitation>({
    defaultValues: { email: '', roleId: '' },
    send: (values, key) => invite(tenantId, values, key),
    onDone: ({ email }) => {
      toast.done(t`The invitation is on its way`, email)
      onClose()
    },
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Invite" onCancel={onClose}>
      <Field label="E-mail" error={errorOf('email')}>
        <Input
          type="email"
          autoComplete="off"
          maxLength={320}
          {...form.register('email', { required: REQUIRED })}
        />
      </Field>
      <Field label="Role" hint="You can give what you may do yourself." error={errorOf('roleId')}>
        <RoleSelect tenantId={tenantId} {...form.register('roleId', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

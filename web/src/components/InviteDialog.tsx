import { useQuery } from '@tanstack/react-query'
import { PLATFORM_ROLES, TENANT_ROLES } from '../../../shared/permissions.ts'
import { invite, rolesOfQuery, type Invitation, type Role } from '../api/invitations.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Field, Input, Select } from '../ui/Field.tsx'
import { toast } from '../ui/Toast.tsx'
import { Form, REQUIRED, useApiForm } from './Form.tsx'
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
  const kept = can('mails:read', null) ? ' Without a mail server it is kept under Mail.' : ''
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={tenantId === null ? 'Invite to the platform' : 'Invite to the tenant'}
      description={`A link is sent to the address. It counts for three days and once.${kept}`}
    >
      <InviteForm tenantId={tenantId} onClose={onClose} />
    </Dialog>
  )
}

/** Whether a role is one of that place: of this tenant, or with null of the platform. */
function fits(role: Role, tenantId: string | null): boolean {
  if (!role.builtin) return role.tenantId === tenantId
  const builtin: readonly string[] = tenantId === null ? PLATFORM_ROLES : TENANT_ROLES
  return builtin.includes(role.key)
}

function InviteForm({ tenantId, onClose }: { tenantId: string | null; onClose: () => void }) {
  const { me, can } = useSession()
  const roles = useQuery(rolesOfQuery(tenantId))
  const isSuper = me.roles.some(({ key }) => key === 'SUPER_ADMIN')
  const givable = (roles.data?.items ?? []).filter(
    (role) =>
      fits(role, tenantId) &&
      (role.key !== 'SUPER_ADMIN' || isSuper) &&
      role.permissions.every((permission) => can(permission, tenantId)),
  )
  const of = useApiForm<{ email: string; roleId: string }, Invitation>({
    defaultValues: { email: '', roleId: '' },
    send: (values, key) => invite(tenantId, values, key),
    onDone: ({ email }) => {
      toast.done('The invitation is on its way', email)
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
      <Field
        label="Role"
        hint={
          roles.error
            ? 'The roles could not be read. Close this and try again.'
            : 'You can give what you may do yourself.'
        }
        error={errorOf('roleId')}
      >
        <Select {...form.register('roleId', { required: REQUIRED })}>
          <option value="">{roles.isPending ? 'Loading roles …' : 'Choose a role'}</option>
          {givable.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
      </Field>
    </Form>
  )
}

import { useQuery } from '@tanstack/react-query'
import { PLATFORM_ROLES } from '../../../../shared/permissions.ts'
import { t } from '../../../../shared/text.ts'
import {
  createServiceAccount,
  rolesForAccounts,
  updateServiceAccount,
  type ServiceAccount,
} from '../../api/apiKeys.ts'
import { Form, REQUIRED, useApiForm, type ApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { useSession } from '../../components/session.ts'
import { Field, Input, Select, Textarea } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Described = { name: string; description: string }
type Values = Described & { roleId: string }

export function NewAccount({ onClose }: { onClose: () => void }) {
  const { tenant } = useSession()
  const roles = useQuery(rolesForAccounts(tenant.id))
  const of = useApiForm<Values, ServiceAccount>({
    defaultValues: { name: '', description: '', roleId: '' },
    send: (values, key) => createServiceAccount({ ...values, tenantId: tenant.id ?? null }, key),
    onDone: () => {
      toast.done(t`Service account made`, t`Give it a key next.`)
      onClose()
    },
  })
  return (
    <Loaded query={roles} what="roles">
      {({ items }) => (
        <Form of={of} submitLabel="Make it" onCancel={onClose}>
          <p>
            {tenant.id === undefined
              ? t`It belongs to the platform, has no password and cannot log in.`
              : t`It belongs to ${tenant.name}, has no password and cannot log in.`}
          </p>
          <NameFields of={of} />
          <Field label="Role" hint="What its keys can do at most." error={of.errorOf('roleId')}>
            <Select {...of.form.register('roleId', { required: REQUIRED })}>
              <option value="">Choose a role</option>
              {items
                .filter((role) =>
                  role.builtin
                    ? (PLATFORM_ROLES as readonly string[]).includes(role.key) === (tenant.id === undefined)
                    : role.tenantId === (tenant.id ?? null),
                )
                .map((role) => (
                  <option key={role.id} value={role.id}>
                    {role.name}
                  </option>
                ))}
            </Select>
          </Field>
        </Form>
      )}
    </Loaded>
  )
}

function NameFields<V extends Described>({ of }: { of: ApiForm<V, ServiceAccount> }) {
  const { form, errorOf } = of as unknown as ApiForm<Described, ServiceAccount>
  return (
    <>
      <Field label="Name" error={errorOf('name')}>
        <Input maxLength={100} {...form.register('name', { required: REQUIRED })} />
      </Field>
      <Field label="What it is for" optional error={errorOf('description')}>
        <Textarea rows={2} maxLength={500} {...form.register('description')} />
      </Field>
    </>
  )
}

export function EditAccount({ account, onClose }: { account: ServiceAccount; onClose: () => void }) {
  const of = useApiForm<Described, ServiceAccount>({
    defaultValues: { name: account.name, description: account.description },
    send: (values) => updateServiceAccount(account, values),
    onDone: () => {
      toast.done(t`Saved`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <NameFields of={of} />
    </Form>
  )
}

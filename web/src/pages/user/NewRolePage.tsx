import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { PERMISSIONS, type Permission } from '../../../../shared/permissions.ts'
import { t } from '../../../../shared/text.ts'
import { createRole, type Role } from '../../api/users.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { BareCheckbox } from '../../ui/BareCheckbox.tsx'
import { Card } from '../../ui/Card.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { actionOf, byResource } from '../../lib/permissionGroups.ts'
import { useAddReason } from './roleReasons.ts'

export default function NewRolePage() {
  const { tenant } = useSession()
  return (
    <Page
      title="New role"
      crumbs={[{ label: t`Roles`, link: paths.roles(tenant.slug) }]}
      permission="roles:manage"
    >
      <div className="max-w-3xl space-y-4">
        <p className="text-muted">
          {tenant.id === undefined
            ? t`A role of the platform: it can be given there and nowhere else.`
            : t`A role of ${tenant.name}: it can be given in this tenant and nowhere else.`}
        </p>
        <Card>
          <NewRole tenantId={tenant.id ?? null} />
        </Card>
      </div>
    </Page>
  )
}

type Values = { name: string; key: string; requiresMfa: boolean }

function NewRole({ tenantId }: { tenantId: string | null }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const [chosen, setChosen] = useState<ReadonlySet<Permission>>(new Set())
  const of = useApiForm<Values, Role>({
    defaultValues: { name: '', key: '', requiresMfa: false },
    send: (values, key) => createRole({ ...values, tenantId, permissions: [...chosen] }, key),
    onDone: ({ id }) => {
      toast.done(t`Role created`)
      void navigate(paths.role(tenant.slug, id))
    },
  })
  const { form, errorOf } = of
  const toggle = (permission: Permission, on: boolean) => {
    const next = new Set(chosen)
    if (on) next.add(permission)
    else next.delete(permission)
    setChosen(next)
  }
  return (
    <Form
      of={of}
      submitLabel="Create role"
      submitReason={chosen.size === 0 ? t`Choose at least one permission.` : undefined}
      onCancel={() => void navigate(paths.roles(tenant.slug))}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" error={errorOf('name')}>
          <Input maxLength={200} {...form.register('name', { required: REQUIRED })} />
        </Field>
        <Field label="Key" hint="For programs; it never changes." error={errorOf('key')}>
          <Input
            autoCapitalize="none"
            spellCheck={false}
            maxLength={63}
            {...form.register('key', {
              required: REQUIRED,
              pattern: {
                value: /^[a-z0-9][a-z0-9-]*$/,
                message: t`Small letters, digits and hyphens.`,
              },
            })}
          />
        </Field>
      </div>
      <Checkbox label="Needs a second step to log in" {...form.register('requiresMfa')} />
      <Permissions tenantId={tenantId} chosen={chosen} onToggle={toggle} />
    </Form>
  )
}

function Permissions({
  tenantId,
  chosen,
  onToggle,
}: {
  tenantId: string | null
  chosen: ReadonlySet<Permission>
  onToggle: (permission: Permission, on: boolean) => void
}) {
  const reasonOf = useAddReason()
  return (
    <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
      {byResource(PERMISSIONS).map(({ resource, label, permissions }) => (
        <fieldset key={resource} className="min-w-0">
          <legend className="mb-1 font-medium">{label}</legend>
          <ul className="space-y-1">
            {permissions.map((permission) => {
              const reason = reasonOf(permission, tenantId)
              return (
                <li key={permission}>
                  <label className="inline-flex items-center gap-2">
                    <BareCheckbox
                      label={permission}
                      checked={chosen.has(permission)}
                      disabledReason={reason}
                      onChange={(on) => onToggle(permission, on)}
                    />
                    <span aria-hidden className={reason === undefined ? undefined : 'text-muted'}>
                      {actionOf(permission)}
                    </span>
                  </label>
                </li>
              )
            })}
          </ul>
        </fieldset>
      ))}
    </div>
  )
}

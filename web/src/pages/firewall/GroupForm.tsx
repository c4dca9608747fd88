import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { createSecurityGroup, updateSecurityGroup, type SecurityGroup } from '../../api/cloudPodFirewall.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { permits, useSession } from '../../components/session.ts'
import { Card } from '../../ui/Card.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { RuleFields, sent, typed, type GroupValues } from './RuleFields.tsx'

/** Makes a security group, or changes the one given. Whose it is never changes. */
export function GroupForm({
  group: given,
  onCancel,
  onDone,
}: {
  group?: SecurityGroup
  onCancel: () => void
  onDone: (jobs: number) => void
}) {
  const { tenant, me } = useSession()
  // What was read when editing began: saving over a later change of somebody else is refused by its version.
  const [group] = useState(given)
  const mayShare = permits(me, 'cloudpods:firewall')
  const [shared, setShared] = useState(false)
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const of = useApiForm<GroupValues, { jobs: number }>({
    defaultValues: {
      name: group?.name ?? '',
      description: group?.description ?? '',
      rules: group?.rules.map(typed) ?? [],
    },
    send: async ({ rules, ...values }, key) => {
      const body = { ...values, rules: rules.map(sent) }
      if (group) return updateSecurityGroup(group, body)
      await createSecurityGroup({ ...body, tenantId: shared ? null : (owner?.id ?? null) }, key)
      return { jobs: 0 }
    },
    onDone: ({ jobs }) => onDone(jobs),
  })
  const { form, errorOf } = of
  return (
    <Form
      of={of}
      submitLabel={group ? t`Save` : t`Create security group`}
      submitReason={group || shared || owner ? undefined : t`Choose the tenant first.`}
      onCancel={onCancel}
    >
      <Card title="Group">
        <div className="space-y-4">
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Name" error={errorOf('name')}>
              <Input maxLength={100} {...form.register('name', { required: REQUIRED })} />
            </Field>
            <Field label="Description" optional error={errorOf('description')}>
              <Input maxLength={500} {...form.register('description')} />
            </Field>
          </div>
          {!group && mayShare && (
            <Checkbox
              label="For every tenant"
              checked={shared}
              onChange={(event) => setShared(event.target.checked)}
            />
          )}
          {!group && !shared && tenant.id === undefined && (
            <Field label="Tenant" error={errorOf('tenantId')}>
              <TenantPicker value={owner} onChange={setOwner} />
            </Field>
          )}
        </div>
      </Card>
      <RuleFields of={of} />
    </Form>
  )
}

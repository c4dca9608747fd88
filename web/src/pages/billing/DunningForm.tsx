import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { plansQuery } from '../../api/billing.ts'
import { createPolicy, updatePolicy, type DunningPolicy } from '../../api/dunning.ts'
import { Form, numberOrNone, useApiForm } from '../../components/Form.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { useSession } from '../../components/session.ts'
import { tagsOf } from '../../lib/words.ts'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = {
  planId: string
  remind: string
  suspendAfterDays: number | null
  terminateAfterDays: number | null
}

/** Days of an existing policy, or of a tenant or plan that gets its own. */
export function DunningForm({ policy, onClose }: { policy: DunningPolicy | undefined; onClose: () => void }) {
  const { tenant, can } = useSession()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const [forAll, setForAll] = useState(false)
  const plans = useQuery({
    ...plansQuery({ tenantId: owner?.id, limit: 200 }),
    enabled: policy === undefined && (owner !== null || forAll) && can('plans:read'),
  })
  const of = useApiForm<Values, DunningPolicy>({
    defaultValues: {
      planId: '',
      remind: (policy?.remindAfterDays ?? [3, 7]).join(', '),
      suspendAfterDays: policy === undefined ? 14 : policy.suspendAfterDays,
      terminateAfterDays: policy?.terminateAfterDays ?? null,
    },
    send: ({ remind, planId, ...days }, key) => {
      const body = { ...days, remindAfterDays: tagsOf(remind).map(Number) }
      return policy === undefined
        ? createPolicy(
            { ...body, tenantId: forAll ? null : (owner?.id ?? null), planId: planId || null },
            key,
          )
        : updatePolicy(policy.id, body, policy.version)
    },
    onDone: () => {
      toast.done(t`The days count from now on`)
      onClose()
    },
    fieldOf: (path) => (path.startsWith('remindAfterDays') ? 'remind' : path),
  })
  const { form, errorOf } = of
  const chosen = form.watch('planId')
  const missing = forAll
    ? chosen === ''
      ? t`Choose the plan first.`
      : undefined
    : owner === null
      ? t`Choose the tenant first.`
      : undefined
  const offered = plans.data?.items.filter((plan) => !forAll || plan.tenantId === null)
  return (
    <Form
      of={of}
      submitLabel="Save"
      submitReason={policy === undefined ? missing : undefined}
      onCancel={onClose}
    >
      {policy === undefined && tenant.id === undefined && (
        <>
          {can('billing:manage', null) && (
            <Checkbox
              label="For a plan of all tenants"
              checked={forAll}
              onChange={(event) => setForAll(event.target.checked)}
            />
          )}
          {!forAll && (
            <Field label="Tenant">
              <TenantPicker value={owner} onChange={setOwner} />
            </Field>
          )}
        </>
      )}
      {policy === undefined && (
        <Field label="Plan" hint="Days for one plan count before those for all." error={errorOf('planId')}>
          <Select {...form.register('planId')}>
            <option value="">All plans</option>
            {offered?.map((plan) => (
              <option key={plan.id} value={plan.id}>
                {plan.name}
              </option>
            ))}
          </Select>
        </Field>
      )}
      <Field
        label="Reminders after so many days"
        optional
        hint="Such as 3, 7. On the first day after the due date the customer is told in any case."
        error={errorOf('remind')}
      >
        <Input
          inputMode="numeric"
          autoComplete="off"
          {...form.register('remind', {
            validate: (typed) =>
              tagsOf(typed).every((one) => /^\d{1,3}$/.test(one)) || t`Whole numbers, separated by commas.`,
          })}
        />
      </Field>
      <Field label="Suspended after so many days" hint="Nothing: never." error={errorOf('suspendAfterDays')}>
        <Input type="number" min={1} {...form.register('suspendAfterDays', numberOrNone(365))} />
      </Field>
      <Field
        label="Ended after so many days"
        hint="Nothing: never. The CloudPod is deleted then, and kept for as long as deleted CloudPods are."
        error={errorOf('terminateAfterDays')}
      >
        <Input type="number" min={4} {...form.register('terminateAfterDays', numberOrNone(730))} />
      </Field>
    </Form>
  )
}

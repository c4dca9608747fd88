import { useState } from 'react'
import { createPolicy, updatePolicy, type DunningPolicy } from '../../api/dunning.ts'
import { Form, numberOrNone, useApiForm } from '../../components/Form.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { useSession } from '../../components/session.ts'
import { tagsOf } from '../../lib/words.ts'
import { Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = { remind: string; suspendAfterDays: number | null; terminateAfterDays: number | null }

/** Days of an existing policy, or of a tenant that gets its own. */
export function DunningForm({ policy, onClose }: { policy: DunningPolicy | undefined; onClose: () => void }) {
  const { tenant } = useSession()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const of = useApiForm<Values, DunningPolicy>({
    defaultValues: {
      remind: (policy?.remindAfterDays ?? [3, 7]).join(', '),
      suspendAfterDays: policy === undefined ? 14 : policy.suspendAfterDays,
      terminateAfterDays: policy?.terminateAfterDays ?? null,
    },
    send: ({ remind, ...days }, key) => {
      const body = { ...days, remindAfterDays: tagsOf(remind).map(Number) }
      return policy === undefined
        ? createPolicy({ ...body, tenantId: owner?.id ?? '' }, key)
        : updatePolicy(policy.id, body, policy.version)
    },
    onDone: () => {
      toast.done('The days count from now on')
      onClose()
    },
    fieldOf: (path) => (path.startsWith('remindAfterDays') ? 'remind' : path),
  })
  const { form, errorOf } = of
  return (
    <Form
      of={of}
      submitLabel="Save"
      submitReason={policy === undefined && owner === null ? 'Choose the tenant first.' : undefined}
      onCancel={onClose}
    >
      {policy === undefined && tenant.id === undefined && (
        <Field label="Tenant">
          <TenantPicker value={owner} onChange={setOwner} />
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
              tagsOf(typed).every((one) => /^\d{1,3}$/.test(one)) || 'Whole numbers, separated by commas.',
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

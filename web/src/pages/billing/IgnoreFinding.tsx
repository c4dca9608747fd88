import { useQueryClient } from '@tanstack/react-query'
import { t } from '../../../../shared/text.ts'
import { ignoreBillingFinding, type BillingFinding } from '../../api/billingFindings.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Facts } from '../../ui/Card.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

/** All about a difference, and the saying that it is known. */
export function IgnoreFinding({ finding, onClose }: { finding: BillingFinding; onClose: () => void }) {
  const client = useQueryClient()
  const of = useApiForm<{ reason: string }, BillingFinding>({
    defaultValues: { reason: '' },
    send: (values, key) => ignoreBillingFinding(finding.id, values, key),
    onDone: () => {
      void client.invalidateQueries({ queryKey: ['billingFindings'] })
      toast.done(t`It is left as it is`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Ignore" onCancel={onClose}>
      <Facts
        facts={[
          [t`Found`, finding.found],
          [t`Expected`, finding.expected],
          [t`What to do`, finding.whatToDo],
          [t`Since`, <Time key="since" at={finding.firstSeenAt} relative />],
        ]}
      />
      <p className="text-muted">An ignored finding stays as it is; you are told when it changes.</p>
      <Field label="Reason" error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

import { useQueryClient } from '@tanstack/react-query'
import { canDecide, DECISIONS, effectOf, type Decision } from '../../../../shared/states/finding.ts'
import { t } from '../../../../shared/text.ts'
import { decideFinding, type Finding } from '../../api/findings.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Facts } from '../../ui/Card.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

const TITLES: Record<Decision, string> = { repair: t`Repair`, adopt: t`Adopt`, ignore: t`Ignore` }
const DONE: Record<Decision, string> = {
  repair: t`A job repairs it`,
  adopt: t`It was taken over`,
  ignore: t`It is left as it is`,
}
/** What cannot be taken back. */
const LOSES = new Set(['orphan', 'gone'])

/** Repair, adopt or ignore, each with what it would do. */
export function Decide({ finding, onClose }: { finding: Finding; onClose: () => void }) {
  const client = useQueryClient()
  const subject = {
    ...finding,
    hasPod: finding.pod !== null,
    subscriptionId: finding.pod?.subscriptionId ?? null,
  }
  const possible = DECISIONS.filter((decision) => canDecide(subject, decision).allowed)
  const of = useApiForm<{ decision: Decision; reason: string }, Finding>({
    defaultValues: { decision: possible.at(-1) ?? 'ignore', reason: '' },
    send: (values, key) => decideFinding(finding.id, values, key),
    onDone: () => {
      void client.invalidateQueries({ queryKey: ['findings'] })
      toast.done(DONE[of.form.getValues('decision')])
      onClose()
    },
  })
  const decision = of.form.watch('decision')
  return (
    <Form
      of={of}
      danger={decision === 'repair' && LOSES.has(finding.kind)}
      submitLabel={TITLES[decision]}
      onCancel={onClose}
    >
      <Facts
        facts={[
          [t`Found`, finding.found],
          [t`Expected`, finding.expected],
          [t`Since`, <Time key="since" at={finding.firstSeenAt} relative />],
          finding.problem ? [t`Last repair`, finding.problem] : null,
        ]}
      />
      <RadioCards
        label="Decision"
        name="decision"
        value={decision}
        onChange={(value) => of.form.setValue('decision', value as Decision)}
        options={DECISIONS.map((one) => {
          const verdict = canDecide(subject, one)
          return {
            value: one,
            title: TITLES[one],
            ...(verdict.allowed
              ? { detail: effectOf(finding.kind, one) }
              : { disabledReason: verdict.reason }),
          }
        })}
      />
      <Field label="Reason" error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

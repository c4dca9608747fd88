import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { alertsQuery, brakesQuery, decideBrake, type Brake } from '../../api/provisioningControls.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

const ACTIONS: Record<string, string> = {
  'subscriptions.end': t`End subscriptions whose agreed end was reached`,
  'subscriptions.renewLate': t`Issue invoices that are more than a day late`,
  'subscriptions.suspend': t`Suspend subscriptions whose invoices are overdue`,
  'subscriptions.terminate': t`End subscriptions that were not paid`,
  'subscriptions.trialOver': t`End subscriptions whose trial is over`,
  'payments.charge': t`Charge invoices that have been due for days`,
  'backups.expire': t`Delete backups of CloudPods that are gone`,
  'tenants.close': t`Destroy what belongs to tenants that are being closed`,
  'findings.repair': t`Set guests to what their pods say`,
  'nodes.empty': t`Move CloudPods away from nodes that are being emptied`,
}
const nameOf = (action: string): string => ACTIONS[action] ?? action

/** These have a notice of their own on this page. */
const SHOWN_ELSEWHERE = new Set(['stopped', 'brake'])

/** What is wrong with the automation, as the servers have found out. */
export function Alerts() {
  const { data } = useQuery(alertsQuery())
  return data?.items
    .filter(({ code }) => !SHOWN_ELSEWHERE.has(code))
    .map(({ id, message, openedAt }) => (
      <Notice key={id} tone="warning" title={message}>
        Since <Time at={openedAt} relative />.
      </Notice>
    ))
}

/** What automation does not do before a person has said yes. */
export function Brakes() {
  const { can } = useSession()
  const { data } = useQuery(brakesQuery())
  const [deciding, setDeciding] = useState<Brake>()
  const reason = can('infrastructure:manage', null) ? undefined : NO_PERMISSION('infrastructure:manage')
  return (
    <>
      {data?.items
        .filter(({ state }) => state === 'waiting')
        .map((brake) => (
          <Notice
            key={brake.id}
            tone="warning"
            title={t`Waits for your confirmation: ${nameOf(brake.action)}`}
            action={
              <Button size="sm" disabledReason={reason} onClick={() => setDeciding(brake)}>
                Decide
              </Button>
            }
          >
            It would touch {brake.wanted} at once; up to {brake.allowed} within an hour need no confirmation.
            Since <Time at={brake.openedAt} relative />.
          </Notice>
        ))}
      <Dialog
        open={deciding !== undefined}
        onClose={() => setDeciding(undefined)}
        title="Unusually much at once"
      >
        {deciding && <Decide brake={deciding} onClose={() => setDeciding(undefined)} />}
      </Dialog>
    </>
  )
}

const DECISIONS = [
  { value: 'confirmed', title: t`Go on`, detail: t`Up to that many, within the next 24 hours.` },
  { value: 'dismissed', title: t`Not now`, detail: t`Nothing is touched; you are asked again.` },
]

function Decide({ brake, onClose }: { brake: Brake; onClose: () => void }) {
  const client = useQueryClient()
  const of = useApiForm<{ decision: 'confirmed' | 'dismissed'; reason: string }, Brake>({
    defaultValues: { decision: 'dismissed', reason: '' },
    send: (values, key) => decideBrake(brake.id, { ...values, wanted: brake.wanted }, key),
    onDone: ({ state }) => {
      void client.invalidateQueries({ queryKey: brakesQuery().queryKey })
      toast.done(state === 'confirmed' ? t`It goes on` : t`It stays as it is`)
      onClose()
    },
  })
  const decision = of.form.watch('decision')
  return (
    <Form of={of} danger={decision === 'confirmed'} submitLabel="Decide" onCancel={onClose}>
      <p>
        {nameOf(brake.action)}: <b>{brake.wanted}</b> at once.
      </p>
      <RadioCards
        label="Decision"
        name="decision"
        options={DECISIONS}
        value={decision}
        onChange={(value) => of.form.setValue('decision', value === 'confirmed' ? 'confirmed' : 'dismissed')}
      />
      <Field label="Reason" error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

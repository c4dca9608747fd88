import { canSubscription, isLive, isPaused } from '../../../../shared/states/billingSubscription.ts'
import { t } from '../../../../shared/text.ts'
import { cancelSubscription, type Subscription, type SubscriptionCancel } from '../../api/billing.ts'
import { TypeName } from '../../components/ConfirmDestroy.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = { when: SubscriptionCancel['when']; reason: string; typed: string }

export function CancelForm({ subscription, onClose }: { subscription: Subscription; onClose: () => void }) {
  const atEnd = canSubscription.cancelAtPeriodEnd(subscription)
  const name = subscription.pod?.hostname ?? subscription.plan.code
  const of = useApiForm<Values, unknown>({
    defaultValues: { when: atEnd.allowed ? 'period_end' : 'now', reason: '', typed: '' },
    send: ({ when, reason }, key) => cancelSubscription(subscription.id, { when, reason }, key),
    onDone: () => {
      toast.done(t`Subscription cancelled`)
      onClose()
    },
  })
  const { when, typed } = of.form.watch()
  const now = when === 'now'
  return (
    <Form
      of={of}
      danger
      submitLabel={now ? t`Cancel now` : t`Cancel at period end`}
      submitReason={now && typed.trim() !== name ? t`Type the host name first.` : undefined}
      onCancel={onClose}
    >
      <RadioCards
        label="When it ends"
        name="when"
        value={when}
        onChange={(chosen) => of.form.setValue('when', chosen === 'now' ? 'now' : 'period_end')}
        options={[
          {
            value: 'period_end',
            title: t`At period end`,
            detail: atEnd.allowed ? (
              <>
                Stays as it is until <Time at={subscription.periodEnd} />, then the CloudPod is destroyed.
              </>
            ) : undefined,
            disabledReason: atEnd.allowed ? undefined : atEnd.reason,
          },
          { value: 'now', title: t`Now`, detail: effectNow(subscription) },
        ]}
      />
      <Field label="Reason" optional error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason')} />
      </Field>
      {now && (
        <TypeName
          name={name}
          input={<Input autoComplete="off" spellCheck={false} {...of.form.register('typed')} />}
        />
      )}
    </Form>
  )
}

function effectNow({ state }: Subscription): string {
  if (state === 'trialing') return t`The CloudPod and its data are destroyed at once. Nothing was billed.`
  if (isLive(state) || isPaused(state))
    return t`The CloudPod and its data are destroyed at once. The current period is not refunded.`
  if (state === 'provisioning')
    return t`What was made so far is removed, and the invoice is credited in full.`
  return t`What is held for the order is released, and the open invoice is credited.`
}

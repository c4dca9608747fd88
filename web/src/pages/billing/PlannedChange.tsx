import { canSubscription } from '../../../../shared/states/billingSubscription.ts'
import { t } from '../../../../shared/text.ts'
import { cancelSubscriptionChange, type Subscription } from '../../api/billing.ts'
import { useSubmit } from '../../api/submit.ts'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { priceText } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

type Change = NonNullable<Subscription['change']>

/** A change that is planned or under way, or the last one that did not come to what was meant. */
export function PlannedChange({ subscription, change }: { subscription: Subscription; change: Change }) {
  const { can } = useSession()
  const cancel = useSubmit({
    send: () => cancelSubscriptionChange(subscription.id),
    onDone: () => toast.done(t`The planned change was cancelled`),
  })
  const verdict = canSubscription.cancelChange(subscription)
  const what = `${change.plan.name}, ${priceText(change.price)}`
  if (change.state === 'planned')
    return (
      <Notice
        tone="info"
        title="A change is planned"
        action={
          <Button
            size="sm"
            loading={cancel.isPending}
            disabledReason={
              !can('subscriptions:write', subscription.tenantId)
                ? NO_PERMISSION('subscriptions:write')
                : verdict.allowed
                  ? undefined
                  : verdict.reason
            }
            onClick={() =>
              cancel.mutate(undefined, {
                onError: (error) => toast.failed(t`The change was not cancelled`, error.message),
              })
            }
          >
            Cancel the change
          </Button>
        }
      >
        <p>
          {what}, from <Time at={change.effectiveAt} /> on.
        </p>
      </Notice>
    )
  if (change.state === 'working')
    return (
      <Notice tone="info" title="The plan is being changed">
        <p>It is charged as {what}. The CloudPod is being resized.</p>
      </Notice>
    )
  return change.state === 'undone' ? (
    <Notice tone="warning" title={t`The change to ${change.plan.name} could not be made`}>
      <p>{change.problem}</p>
      <p>The CloudPod has its old size and plan, and what was charged for the change is credited.</p>
    </Notice>
  ) : (
    <Notice tone="warning" title="The CloudPod is not as large as its plan says">
      <p>{change.problem}</p>
      <p>The price of {what} counts all the same. Mend the cause, then resize the CloudPod.</p>
    </Notice>
  )
}

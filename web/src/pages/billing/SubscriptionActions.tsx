import { useState } from 'react'
import { canSubscription } from '../../../../shared/states/billingSubscription.ts'
import { t } from '../../../../shared/text.ts'
import {
  keepSubscription,
  releaseSubscription,
  retryDelivery,
  uncancelSubscription,
  type Subscription,
} from '../../api/billing.ts'
import { useSubmit } from '../../api/submit.ts'
import { ReasonForm } from '../../components/ReasonForm.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ChangeForm } from './ChangeForm.tsx'
import { CancelForm } from './CancelForm.tsx'
import { HoldForm } from './HoldForm.tsx'
import { PauseButton, type ReasonWhyNot } from './PauseButton.tsx'

export function SubscriptionActions({ subscription }: { subscription: Subscription }) {
  const { can } = useSession()
  const [open, setOpen] = useState<'change' | 'cancel' | 'hold' | 'release' | null>(null)
  const close = () => setOpen(null)
  const retry = useSubmit({
    send: (_: void, key) => retryDelivery(subscription.id, key),
    onDone: () => toast.done(t`Delivery started again`),
  })
  const uncancel = useSubmit({
    send: (_: void, key) => uncancelSubscription(subscription.id, key),
    onDone: () => toast.done(t`The subscription goes on`),
  })
  const keep = useSubmit({
    send: (_: void, key) => keepSubscription(subscription.id, key),
    onDone: () => toast.done(t`The subscription goes on after its trial`),
  })
  const reason: ReasonWhyNot = (permission, verdict) => {
    if (!can(permission, subscription.tenantId)) return NO_PERMISSION(permission)
    return verdict.allowed ? undefined : verdict.reason
  }
  const deliver = canSubscription.retryDelivery(subscription)
  return (
    <>
      {deliver.allowed && (
        <Button
          variant="primary"
          loading={retry.isPending}
          disabledReason={reason('subscriptions:write', deliver)}
          onClick={() =>
            retry.mutate(undefined, {
              onError: (error) => toast.failed(t`The delivery was not started`, error.message),
            })
          }
        >
          Deliver again
        </Button>
      )}
      <Button
        disabledReason={reason('subscriptions:write', canSubscription.change(subscription))}
        onClick={() => setOpen('change')}
      >
        Change plan
      </Button>
      {subscription.hold ? (
        <Button
          disabledReason={reason('billing:manage', canSubscription.release(subscription))}
          onClick={() => setOpen('release')}
        >
          Release hold
        </Button>
      ) : (
        <Button
          disabledReason={reason('billing:manage', canSubscription.hold(subscription))}
          onClick={() => setOpen('hold')}
        >
          Hold
        </Button>
      )}
      <PauseButton subscription={subscription} reason={reason} />
      {canSubscription.keep(subscription).allowed && (
        <Button
          variant="primary"
          loading={keep.isPending}
          disabledReason={reason('subscriptions:write', canSubscription.keep(subscription))}
          onClick={() =>
            keep.mutate(undefined, {
              onError: (error) => toast.failed(t`The subscription was not kept`, error.message),
            })
          }
        >
          Keep after the trial
        </Button>
      )}
      {canSubscription.uncancel(subscription).allowed && (
        <Button
          loading={uncancel.isPending}
          disabledReason={reason('subscriptions:write', canSubscription.uncancel(subscription))}
          onClick={() =>
            uncancel.mutate(undefined, {
              onError: (error) => toast.failed(t`The cancellation was not taken back`, error.message),
            })
          }
        >
          Take cancellation back
        </Button>
      )}
      <Button
        disabledReason={reason('subscriptions:write', canSubscription.cancelNow(subscription))}
        onClick={() => setOpen('cancel')}
      >
        Cancel subscription
      </Button>
      <Dialog open={open === 'change'} onClose={close} title="Change the plan or price" wide>
        <ChangeForm subscription={subscription} onClose={close} />
      </Dialog>
      <Dialog open={open === 'cancel'} onClose={close} title="Cancel the subscription">
        <CancelForm subscription={subscription} onClose={close} />
      </Dialog>
      <Dialog open={open === 'hold'} onClose={close} title="Hold the subscription">
        <HoldForm subscription={subscription} onClose={close} />
      </Dialog>
      <Dialog open={open === 'release'} onClose={close} title="Release the hold">
        <ReasonForm
          submitLabel="Release"
          send={(why, key) => releaseSubscription(subscription.id, why, key)}
          onDone={() => toast.done(t`The hold was released`)}
          onClose={close}
        >
          What is overdue is told to the customer anew, and a day later the policy counts again.
        </ReasonForm>
      </Dialog>
    </>
  )
}

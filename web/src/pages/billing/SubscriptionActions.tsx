import { useState } from 'react'
import { canSubscription } from '../../../../shared/states/billingSubscription.ts'
import { retryDelivery, type Subscription } from '../../api/billing.ts'
import { useSubmit } from '../../api/submit.ts'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { toast } from '../../ui/Toast.tsx'
import { CancelForm } from './CancelForm.tsx'

export function SubscriptionActions({ subscription }: { subscription: Subscription }) {
  const { can } = useSession()
  const [cancelling, setCancelling] = useState(false)
  const retry = useSubmit({
    send: (_: void, key) => retryDelivery(subscription.id, key),
    onDone: () => toast.done('Delivery started again'),
  })
  const permitted = can('subscriptions:write', subscription.tenantId)
  const cancel = canSubscription.cancelNow(subscription)
  const reason = (refusal: string | undefined) => (permitted ? refusal : NO_PERMISSION('subscriptions:write'))
  return (
    <>
      {canSubscription.retryDelivery(subscription).allowed && (
        <Button
          variant="primary"
          loading={retry.isPending}
          disabledReason={reason(undefined)}
          onClick={() =>
            retry.mutate(undefined, {
              onError: (error) => toast.failed('The delivery was not started', error.message),
            })
          }
        >
          Deliver again
        </Button>
      )}
      <Button
        disabledReason={reason(cancel.allowed ? undefined : cancel.reason)}
        onClick={() => setCancelling(true)}
      >
        Cancel subscription
      </Button>
      <Dialog open={cancelling} onClose={() => setCancelling(false)} title="Cancel the subscription">
        <CancelForm subscription={subscription} onClose={() => setCancelling(false)} />
      </Dialog>
    </>
  )
}

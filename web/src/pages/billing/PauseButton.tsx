import { useState } from 'react'
import { canSubscription, type Verdict } from '../../../../shared/states/billingSubscription.ts'
import { t } from '../../../../shared/text.ts'
import { resumeSubscription, type Subscription } from '../../api/billing.ts'
import { ReasonForm } from '../../components/ReasonForm.tsx'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { toast } from '../../ui/Toast.tsx'
import { PauseForm } from './PauseForm.tsx'

/** Why whoever looks may not do something now; undefined when he may. */
export type ReasonWhyNot = (
  permission: 'subscriptions:write' | 'billing:manage',
  verdict: Verdict,
) => string | undefined

/** Pauses a subscription, or lets it go on. */
export function PauseButton({ subscription, reason }: { subscription: Subscription; reason: ReasonWhyNot }) {
  const [open, setOpen] = useState<'pause' | 'resume' | null>(null)
  const close = () => setOpen(null)
  const what = subscription.pause ? 'resume' : 'pause'
  return (
    <>
      <Button
        disabledReason={reason('subscriptions:write', canSubscription[what](subscription))}
        onClick={() => setOpen(what)}
      >
        {what === 'resume' ? t`Resume` : t`Pause`}
      </Button>
      <Dialog open={open === 'pause'} onClose={close} title="Pause the subscription">
        <PauseForm subscription={subscription} onClose={close} />
      </Dialog>
      <Dialog open={open === 'resume'} onClose={close} title="Resume the subscription">
        <ReasonForm
          submitLabel="Resume"
          send={(why, key) => resumeSubscription(subscription.id, why, key)}
          onDone={() => toast.done(t`The subscription goes on`)}
          onClose={close}
        >
          The CloudPod is brought back, and what is left of its period begins today. Then it is billed on.
        </ReasonForm>
      </Dialog>
    </>
  )
}

import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { t } from '../../../../shared/text.ts'
import type { Subscription } from '../../api/billing.ts'
import { useSession } from '../../components/session.ts'
import { codeWords, couponText, humanize, priceText, TRIAL_THEN } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Day, Time } from '../../ui/Time.tsx'
import { PlannedChange } from './PlannedChange.tsx'

/** What the state means for whoever looks at it. */
const EXPLAIN: Record<Subscription['state'], (subscription: Subscription) => ReactNode> = {
  awaiting_payment: ({ paymentDueAt }) => (
    <>
      Ordered, but not paid: capacity, an address and the host name are held, and nothing is made yet.
      Recording the payment starts the delivery.
      {paymentDueAt && (
        <>
          {' '}
          Unpaid by <Time at={paymentDueAt} />, it expires and everything is released.
        </>
      )}
    </>
  ),
  provisioning: ({ deliveryProblem }) =>
    deliveryProblem === null
      ? t`Paid. The CloudPod is being made; the first period begins when it is proven to run.`
      : t`Paid, and not delivered.`,
  trialing: ({ trial, cancelAt }) =>
    cancelAt ? (
      <>
        On trial. It ends with its trial on <Time at={cancelAt} />; its CloudPod is destroyed then.
      </>
    ) : (
      <>
        On trial until <Time at={trial?.endsAt ?? null} />, {TRIAL_THEN[trial?.after ?? 'activate']}.
      </>
    ),
  active: ({ cancelAt, periodEnd }) =>
    cancelAt ? (
      <>
        Delivered. It ends with its period on <Time at={cancelAt} />; its CloudPod is destroyed then.
      </>
    ) : (
      <>
        Delivered. The current period lasts until <Time at={periodEnd} />, and the next one follows.
      </>
    ),
  grace: () =>
    t`An invoice is overdue. The CloudPod runs on for as long as the policy for unpaid invoices allows.`,
  suspending: () => t`An invoice is overdue, and the CloudPod is being switched off.`,
  suspended: () =>
    t`An invoice is overdue. The CloudPod was proven to be off, and nobody can start it until what is overdue is paid.`,
  unsuspending: () => t`The CloudPod is being brought back to what it was before it was switched off.`,
  pausing: () => t`Paused: nothing is billed, and the CloudPod is being switched off.`,
  paused: () => t`Paused: nothing is billed, and the CloudPod was proven to be off.`,
  terminating: () =>
    t`Cancelled. The CloudPod is being deleted, or kept to be undeleted; the subscription ends when it is proven to be gone.`,
  terminated: ({ endedAt }) => (
    <>
      Ended <Time at={endedAt} />. Its CloudPod is gone.
    </>
  ),
  expired: ({ endedAt }) => (
    <>
      Ended <Time at={endedAt} /> without having been paid. Nothing was made, and what was held is released.
    </>
  ),
}

export function SubscriptionOverview({ subscription }: { subscription: Subscription }) {
  const { tenant } = useSession()
  const { pod, customer, plan, price } = subscription
  return (
    <Card>
      <div className="space-y-4">
        <p className="max-w-3xl">{EXPLAIN[subscription.state](subscription)}</p>
        {subscription.hold && (
          <Notice tone="info" title="Held">
            <p>
              Neither suspended nor ended until <Time at={subscription.hold.until} />:{' '}
              {subscription.hold.reason}
            </p>
            <p>Held by {subscription.hold.by}.</p>
          </Notice>
        )}
        {subscription.pause && (
          <Notice tone="info" title="Paused">
            <p>
              {subscription.pause.until === null ? (
                <>
                  Since <Time at={subscription.pause.since} />, until somebody resumes it:{' '}
                  {subscription.pause.reason}
                </>
              ) : (
                <>
                  Since <Time at={subscription.pause.since} />, until <Day date={subscription.pause.until} />:{' '}
                  {subscription.pause.reason}
                </>
              )}
            </p>
            <p>
              Paused by {subscription.pause.by}. What is left of its period comes after the pause: each whole
              day of it moves the period’s end by a day.
            </p>
          </Notice>
        )}
        {subscription.change && <PlannedChange subscription={subscription} change={subscription.change} />}
        {subscription.deliveryProblem && (
          <Notice tone="danger" title="The CloudPod could not be made">
            <p>{subscription.deliveryProblem}</p>
            <p>Mend the cause and choose “Deliver again”, or cancel: the payment is then credited.</p>
          </Notice>
        )}
        <Facts
          facts={[
            [
              t`Customer`,
              <Link
                key="customer"
                {...paths.customer(tenant.slug, customer.id)}
                className="text-accent hover:underline"
              >
                {customer.name}
              </Link>,
            ],
            [
              t`CloudPod`,
              pod && (
                <span key="pod" className="inline-flex flex-wrap items-center gap-2">
                  <Link {...paths.cloudPod(tenant.slug, pod.id)} className="text-accent hover:underline">
                    {pod.hostname}
                  </Link>
                  <span className="text-muted">
                    {humanize(pod.state)}
                    {pod.state === 'active' && `, ${codeWords(pod.powerState)}`}
                  </span>
                </span>
              ),
            ],
            [t`Plan`, `${plan.name} (${plan.code})`],
            [t`Price`, priceText(price)],
            subscription.addons.length > 0
              ? [t`Add-ons`, subscription.addons.map((one) => `${one.quantity} × ${one.name}`).join(', ')]
              : null,
            subscription.coupon ? [t`Coupon`, couponShown(subscription.coupon)] : null,
            [
              t`Period`,
              subscription.periodStart && (
                <>
                  <Time at={subscription.periodStart} /> – <Time at={subscription.periodEnd} />
                </>
              ),
            ],
            [t`Ordered`, <Time key="ordered" at={subscription.createdAt} />],
            subscription.startedAt
              ? [t`Delivered`, <Time key="started" at={subscription.startedAt} />]
              : null,
            subscription.cancelReason ? [t`Reason for cancelling`, subscription.cancelReason] : null,
            [t`Billed by`, subscription.provider === 'manual' ? 'mPanel' : humanize(subscription.provider)],
            [t`Id`, <CopyId key="id" id={subscription.id} what="subscription id" />],
          ]}
        />
      </div>
    </Card>
  )
}

/** What it still takes off. */
const couponShown = ({ code, off, periodsLeft }: NonNullable<Subscription['coupon']>): string =>
  periodsLeft === 0 ? t`${code}, used up` : t`${code}: ${couponText({ off, periods: periodsLeft })} to come`

import { t } from '../text.ts'
/**
 * Where a tenant's books, its contracts, and what its payment providers say disagree. They are opened once, and closed by
 * themselves when the difference is gone.
 */
export const BILLING_FINDING_KINDS = [
  'ledger_unbalanced',
  'receivable_differs',
  'cash_differs',
  'invoice_differs',
  'number_gap',
  'payment_not_there',
  'payment_not_booked',
  'payment_differs',
  'refund_differs',
  'dispute_differs',
  'record_differs',
  'not_delivered',
  'not_billed',
  'suspended_though_paid',
  'runs_after_end',
] as const
export type BillingFindingKind = (typeof BILLING_FINDING_KINDS)[number]

/** `ignored`: somebody knows of it; it is reported again when it changes. */
export const BILLING_FINDING_STATES = ['open', 'ignored', 'closed'] as const
export type BillingFindingState = (typeof BILLING_FINDING_STATES)[number]

const BY_OWNER = t`mPanel cannot write this: somebody has changed the database by hand, or a part of a backup was put back. Compare with a backup, and correct it as it came about.`

/** What a person does about a finding. Nothing of it is repaired by itself: it is about money, or about what was promised for it. */
export const WHAT_TO_DO: Record<BillingFindingKind, string> = {
  ledger_unbalanced: BY_OWNER,
  receivable_differs: BY_OWNER,
  cash_differs: BY_OWNER,
  invoice_differs: BY_OWNER,
  number_gap: t`Numbers of documents must not have gaps. ${BY_OWNER}`,
  payment_not_there: t`Look for the payment at the provider, also in its other accounts and in its other mode. If the money never came, credit the invoice and bill it anew.`,
  payment_not_booked: t`The customer has paid, and his invoice does not say so. Record the payment by hand with its reference, or give the money back at the provider.`,
  payment_differs: t`Look at the payment at the provider, and correct the difference on the invoice.`,
  refund_differs: t`Look at the refunds of this payment at the provider. What was given back there and is not booked here is credited on the invoice.`,
  dispute_differs: t`Look at the dispute at the provider: it decides where the money is.`,
  record_differs: t`Have the books read on the page of the payment provider. If it comes back, messages of WHMCS do not reach mPanel: check its hook.`,
  not_delivered: t`The customer pays for what he does not have. Deliver it again on the page of the subscription, or cancel it, which credits what was paid.`,
  not_billed: t`The pod runs, and its present period has no invoice. Look whether the automation runs and what its page says comes next; then bill it, or end the subscription.`,
  suspended_though_paid: t`Nothing is overdue. Look at the job that stops or starts the pod; it is brought back by it, or by hand.`,
  runs_after_end: t`Delete the pod, or adopt it for another subscription: nobody pays for it.`,
}

/** Whether somebody can say that a finding is known, and if not, why. */
export const ignorable = (state: BillingFindingState): string | null =>
  state === 'open' ? null : state === 'ignored' ? t`It is ignored already.` : t`It is over.`

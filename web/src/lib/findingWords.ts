import type { BillingFindingKind } from '../../../shared/states/billingFinding.ts'
import type { FindingKind } from '../../../shared/states/finding.ts'
import { t } from '../../../shared/text.ts'

/** Findings as people speak of them. */
export const FINDING_WORDS: Record<FindingKind, string> = {
  moved: t`On another node`,
  stopped: t`Stopped from outside`,
  suspended_running: t`Runs although suspended`,
  resized: t`Another size`,
  network: t`Another network card or address`,
  renamed: t`Another name or tag`,
  unmarked: t`Lost its mark`,
  gone: t`The guest is gone`,
  orphan: t`A guest that no pod owns`,
  foreign: t`A stranger in our VMIDs`,
  address_leaked: t`Left over in NetBox`,
  address_lost: t`Gone from NetBox`,
  address_changed: t`Changed in NetBox`,
  address_contested: t`Somebody else has it in NetBox`,
}

/** The same of billing. */
export const BILLING_FINDING_WORDS: Record<BillingFindingKind, string> = {
  ledger_unbalanced: t`A posting is not balanced`,
  receivable_differs: t`Another receivable than open invoices`,
  cash_differs: t`Other money than payments`,
  invoice_differs: t`The invoice does not add up`,
  number_gap: t`Numbers without documents`,
  payment_not_there: t`The provider does not know the payment`,
  payment_not_booked: t`Paid, and not booked`,
  payment_differs: t`Another payment at the provider`,
  refund_differs: t`Other refunds at the provider`,
  dispute_differs: t`Other disputes at the provider`,
  record_differs: t`Another invoice in WHMCS`,
  not_delivered: t`Paid, and not delivered`,
  not_billed: t`Delivered, and not billed`,
  suspended_though_paid: t`Suspended, though paid`,
  runs_after_end: t`Runs after its contract`,
}

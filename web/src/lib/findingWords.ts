import type { BillingFindingKind } from '../../../shared/states/billingFinding.ts'
import type { FindingKind } from '../../../shared/states/finding.ts'

/** Findings as people speak of them. */
export const FINDING_WORDS: Record<FindingKind, string> = {
  moved: 'On another node',
  stopped: 'Stopped from outside',
  suspended_running: 'Runs although suspended',
  resized: 'Another size',
  network: 'Another network card or address',
  renamed: 'Another name or tag',
  unmarked: 'Lost its mark',
  gone: 'The guest is gone',
  orphan: 'A guest that no pod owns',
  foreign: 'A stranger in our VMIDs',
  address_leaked: 'Left over in NetBox',
  address_lost: 'Gone from NetBox',
  address_changed: 'Changed in NetBox',
  address_contested: 'Somebody else has it in NetBox',
}

/** The same of billing. */
export const BILLING_FINDING_WORDS: Record<BillingFindingKind, string> = {
  ledger_unbalanced: 'A posting is not balanced',
  receivable_differs: 'Another receivable than open invoices',
  cash_differs: 'Other money than payments',
  invoice_differs: 'The invoice does not add up',
  number_gap: 'Numbers without documents',
  payment_not_there: 'The provider does not know the payment',
  payment_not_booked: 'Paid, and not booked',
  payment_differs: 'Another payment at the provider',
  refund_differs: 'Other refunds at the provider',
  dispute_differs: 'Other disputes at the provider',
  record_differs: 'Another invoice in WHMCS',
  not_delivered: 'Paid, and not delivered',
  not_billed: 'Delivered, and not billed',
  suspended_though_paid: 'Suspended, though paid',
  runs_after_end: 'Runs after its contract',
}

/** Where books, contracts and payment providers disagree, and the comparison that finds it out. */
export { ignoreFinding, listFindings } from './billing/findings.ts'
export {
  beginReconciliation,
  failReconciliation,
  finishReconciliation,
  listReconciliations,
  MOST_LOOKED,
  openReconciliation,
  reconcileDue,
  subjectsOf,
  type OpenReconciliation,
  type Part,
} from './billing/reconciling.ts'
export {
  isForbidden,
  settlePayment,
  takeOverPayment,
  type PaymentLook,
  type PaymentsOf,
} from './billing/providerBooks.ts'
export { compareRecords, goneRecords, settleRecords } from './billing/recordBooks.ts'

export { askForCheck, checkDue, openCheck, settleCheck } from './billing/taxChecks.ts'
export type { CheckAnswer } from './billing/taxChecks.ts'
export { customerTax, endEvidence, listEvidence, recordEvidence } from './billing/taxEvidence.ts'
export { createRule, getSeller, listRules, removeRule, setSeller, updateRule } from './billing/taxSetup.ts'

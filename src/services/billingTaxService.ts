export { customerTax, endEvidence, listEvidence, recordEvidence } from './billing/taxEvidence.ts'
export { createRule, getSeller, listRules, removeRule, setSeller, updateRule } from './billing/taxSetup.ts'

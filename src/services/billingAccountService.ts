export { grantCredit, writeOff } from './billing/handwork.ts'
export { report } from './billing/reports.ts'
export { statement } from './billing/statements.ts'

/** The books of a provider that keeps its own, such as WHMCS: compared, taken over, and shown. */
export {
  beginRun,
  emptyReport,
  failRun,
  finishRun,
  listRecordInvoices,
  listRecordServices,
  listRuns,
  openRun,
  readDue,
  takePage,
  type OpenRun,
  type PageOfBooks,
  type RecordSeen,
  type Report,
} from './billing/recordRuns.ts'
export { packed } from './billing/recordKept.ts'

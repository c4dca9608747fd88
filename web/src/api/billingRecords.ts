import type {
  BillingRecordInvoice,
  BillingRecordRun,
  BillingRecordService,
} from '../../../shared/api/billingRecords.ts'
import { post } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { BillingRecordInvoice, BillingRecordRun, BillingRecordService }

const PATH = '/api/admin/billing'
type Filter = ListFilter & { providerId: string }

export const recordRunsQuery = (filter: Filter) =>
  listQuery<BillingRecordRun, Filter>('billingRecords', `${PATH}/record-runs`, filter)
export const recordInvoicesQuery = (filter: Filter) =>
  listQuery<BillingRecordInvoice, Filter>('billingRecordInvoices', `${PATH}/record-invoices`, filter)
export const recordServicesQuery = (filter: Filter) =>
  listQuery<BillingRecordService, Filter>('billingRecordServices', `${PATH}/record-services`, filter)
export const startRecordRun = (providerId: string, mode: 'check' | 'take', key: string) =>
  post<{ run: BillingRecordRun }>(`${PATH}/providers/${providerId}/record-runs`, { mode }, key)

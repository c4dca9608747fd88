import type { BillingFinding, BillingReconciliation } from '../../../shared/api/billingFindings.ts'
import type { BillingFindingKind, BillingFindingState } from '../../../shared/states/billingFinding.ts'
import { post } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'
import type { Job } from './provisioning.ts'

export type { BillingFinding, BillingReconciliation }

const PATH = '/api/admin/billing'

type FindingFilter = ListFilter & {
  state?: BillingFindingState | undefined
  kind?: BillingFindingKind | undefined
}
export const billingFindingsQuery = (filter: FindingFilter) =>
  listQuery<BillingFinding, FindingFilter>('billingFindings', `${PATH}/findings`, filter)
export const reconciliationsQuery = (filter: ListFilter) =>
  listQuery<BillingReconciliation, ListFilter>('billingReconciliations', `${PATH}/reconciliations`, filter)

export const ignoreBillingFinding = (id: string, body: { reason: string }, key: string) =>
  post<BillingFinding>(`${PATH}/findings/${id}/ignore`, body, key)
export const startReconciliation = (tenantId: string, key: string) =>
  post<{ reconciliation: BillingReconciliation; job: Job }>(`${PATH}/reconciliations`, { tenantId }, key)

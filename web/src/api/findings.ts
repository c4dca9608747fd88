import type { Finding, FindingDecision } from '../../../shared/api/provisioningFindings.ts'
import type { FindingKind, FindingState } from '../../../shared/states/finding.ts'
import { post } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'
import type { Job } from './provisioning.ts'

export type { Finding }

const PATH = '/api/admin/provisioning'

type FindingFilter = ListFilter & {
  state?: FindingState | undefined
  kind?: FindingKind | undefined
  podId?: string
}
export const findingsQuery = (filter: FindingFilter) =>
  listQuery<Finding, FindingFilter>('findings', `${PATH}/findings`, filter)

export const decideFinding = (id: string, body: FindingDecision, key: string) =>
  post<Finding>(`${PATH}/findings/${id}`, body, key)
export const reconcileCluster = (id: string, key: string) =>
  post<{ job: Job }>(`${PATH}/clusters/${id}/reconcile`, {}, key)

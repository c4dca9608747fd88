import type { DisputeView } from '../../../shared/api/billingDisputes.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type Dispute = DisputeView

export const disputesQuery = (filter: ListFilter) =>
  listQuery<Dispute, ListFilter>('disputes', '/api/admin/billing/disputes', filter)

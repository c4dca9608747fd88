import type { z } from 'zod'
import type {
  DunningPolicy,
  dunningPolicyCreate,
  dunningPolicyUpdate,
} from '../../../shared/api/billingContracts.ts'
import { patch, post, remove } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { DunningPolicy }

const PATH = '/api/admin/billing/dunning-policies'

export const policiesQuery = (filter: ListFilter) =>
  listQuery<DunningPolicy, ListFilter>('dunningPolicies', PATH, filter)
export const createPolicy = (body: z.input<typeof dunningPolicyCreate>, key: string) =>
  post<DunningPolicy>(PATH, body, key)
export const updatePolicy = (id: string, body: z.input<typeof dunningPolicyUpdate>, version: number) =>
  patch<DunningPolicy>(`${PATH}/${id}`, body, version)
export const removePolicy = (id: string) => remove<null>(`${PATH}/${id}`)

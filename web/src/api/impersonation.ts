import type { OwnImpersonation } from '../../../shared/api/impersonation.ts'
import { post, remove } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { OwnImpersonation }

const of = (userId: string) => `/api/admin/users/${encodeURIComponent(userId)}`

export const startImpersonation = (userId: string, reason: string, readOnly: boolean, key: string) =>
  readOnly
    ? post<void>(`${of(userId)}/view-as`, { reason }, key)
    : post<void>(`${of(userId)}/impersonation`, { reason }, key)

export const stopImpersonation = () => remove<void>('/api/auth/impersonation')

export const impersonationsQuery = (filter: Pick<ListFilter, 'cursor'>) =>
  listQuery<OwnImpersonation, ListFilter>('ownImpersonations', '/api/auth/impersonations', filter)

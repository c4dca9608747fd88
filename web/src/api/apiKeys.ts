import type { z } from 'zod'
import type {
  ApiKey,
  apiKeyCreate,
  KeyResource,
  MadeApiKey,
  ServiceAccount,
  serviceAccountCreate,
  serviceAccountUpdate,
  serviceKeyCreate,
} from '../../../shared/api/apiKeys.ts'
import type { Role } from '../../../shared/api/users.ts'
import { get, patch, post, remove } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { ApiKey, KeyResource, MadeApiKey, ServiceAccount }
export type KeyLimits = z.input<typeof serviceKeyCreate>

const OWN = '/api/auth/api-keys'
const KEYS = '/api/admin/users/api-keys'
const ACCOUNTS = '/api/admin/users/service-accounts'
const at = (path: string, id: string, rest = '') => `${path}/${encodeURIComponent(id)}${rest}`

export const ownKeysQuery = (filter: Pick<ListFilter, 'cursor'>) =>
  listQuery<ApiKey, ListFilter>('ownApiKeys', OWN, filter)
export const createOwnKey = (body: z.input<typeof apiKeyCreate>, key: string) =>
  post<MadeApiKey>(OWN, body, key)
export const renameOwnKey = ({ id, version }: ApiKey, name: string) =>
  patch<ApiKey>(at(OWN, id), { name }, version)

/** Of one's own, or of a service account by who manages keys. */
export const rotateKey = (own: boolean, id: string, overlapHours: number, key: string) =>
  post<MadeApiKey>(at(own ? OWN : KEYS, id, '/rotate'), { overlapHours }, key)
export const revokeKey = (own: boolean, id: string) => remove<void>(at(own ? OWN : KEYS, id))

export const keysQuery = (filter: ListFilter) => listQuery<ApiKey, ListFilter>('apiKeys', KEYS, filter)

export const serviceAccountsQuery = (filter: ListFilter) =>
  listQuery<ServiceAccount, ListFilter>('serviceAccounts', ACCOUNTS, filter)
export const createServiceAccount = (body: z.input<typeof serviceAccountCreate>, key: string) =>
  post<ServiceAccount>(ACCOUNTS, body, key)
export const updateServiceAccount = (
  { id, version }: ServiceAccount,
  body: z.input<typeof serviceAccountUpdate>,
) => patch<ServiceAccount>(at(ACCOUNTS, id), body, version)
export const deleteServiceAccount = (id: string) => remove<void>(at(ACCOUNTS, id))
export const createServiceKey = (id: string, body: KeyLimits, key: string) =>
  post<MadeApiKey>(at(ACCOUNTS, id, '/api-keys'), body, key)

/** The roles that there are in a tenant, and the built-in ones. */
export const rolesForAccounts = (tenantId: string | undefined) => ({
  queryKey: ['roles', 'forAccounts', tenantId],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<{ items: Role[] }>('/api/admin/users/roles', { limit: 200, tenantId }, signal),
})

import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  Identities,
  SsoBegun,
  SsoProvider,
  ssoBegin,
  ssoProviderCreate,
  ssoProviderUpdate,
} from '../../../shared/api/authSso.ts'
import { get, patch, post, remove } from './http.ts'
import { listQuery } from './lists.ts'

export type { Identities, SsoProvider }
export type SsoProviderCreate = z.input<typeof ssoProviderCreate>
export type SsoProviderUpdate = z.input<typeof ssoProviderUpdate>

/** To the log-in of an identity provider, in this tab. */
export const goTo = ({ url }: SsoBegun): void => location.assign(url)

export const beginSso = (body: z.input<typeof ssoBegin>, key: string) =>
  post<SsoBegun>('/api/auth/sso', body, key)

export const identitiesQuery = queryOptions({
  queryKey: ['account', 'identities'],
  queryFn: ({ signal }) => get<Identities>('/api/auth/identities', undefined, signal),
})
export const connectIdentity = (providerId: string, key: string) =>
  post<SsoBegun>('/api/auth/identities', { providerId, returnTo: location.pathname }, key)
/** To a provider that asks anew who it is, and back to this page, which is told about it in `proof`. */
export const stepUpBySso = (providerId: string, key: string) =>
  post<SsoBegun>('/api/auth/step-up/sso', { providerId, returnTo: location.pathname + location.search }, key)
export const disconnectIdentity = (id: string) => remove<void>(`/api/auth/identities/${id}`)

const PATH = '/api/admin/sso-providers'

/** The providers of a tenant, or with null of the platform. */
export const ssoProvidersQuery = (tenantId: string | null) =>
  listQuery<SsoProvider, { tenantId?: string; only?: string; limit: number }>('ssoProviders', PATH, {
    limit: 100,
    ...(tenantId === null ? { only: 'platform' } : { tenantId }),
  })
export const createSsoProvider = (body: SsoProviderCreate, key: string) => post<SsoProvider>(PATH, body, key)
export const updateSsoProvider = ({ id, version }: SsoProvider, body: SsoProviderUpdate) =>
  patch<SsoProvider>(`${PATH}/${id}`, body, version)
export const deleteSsoProvider = (id: string) => remove<void>(`${PATH}/${id}`)
export const checkSsoProvider = (id: string, key: string) => post<SsoProvider>(`${PATH}/${id}/check`, {}, key)

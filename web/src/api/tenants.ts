import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  QuotaView,
  quotaUpdate,
  SettingView,
  SuspensionView,
  Tenant,
  tenantCreate,
  tenantUpdate,
} from '../../../shared/api/tenants.ts'
import type { LogoView } from '../../../shared/api/tenantLogo.ts'
import { get, patch, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { LogoView, QuotaView, SettingView, SuspensionView, Tenant }
export type TenantCreate = z.input<typeof tenantCreate>
export type TenantUpdate = z.input<typeof tenantUpdate>

const PATH = '/api/admin/tenants'

export const tenantsQuery = (
  filter: Omit<ListFilter, 'tenantId'> & {
    q?: string | undefined
    state?: Tenant['state'] | undefined
    sort?: 'createdAt' | undefined
  },
) => listQuery<Tenant, typeof filter>('tenants', PATH, filter)
export const tenantQuery = (id: string) => detailQuery<Tenant>('tenants', PATH, id)

export const createTenant = (body: TenantCreate, key: string) => post<Tenant>(PATH, body, key)
export const updateTenant = (tenant: Tenant, body: TenantUpdate) =>
  patch<Tenant>(`${PATH}/${tenant.id}`, body, tenant.version)

export const settingsQuery = (tenantId: string | null) =>
  queryOptions({
    queryKey: ['tenants', 'settings', tenantId] as const,
    queryFn: ({ signal }) => get<{ items: SettingView[] }>(settingsPath(tenantId), undefined, signal),
  })
export const quotaQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', 'quota', tenantId] as const,
    queryFn: ({ signal }) => get<QuotaView>(`${PATH}/${tenantId}/quotas`, undefined, signal),
  })

const settingsPath = (tenantId: string | null) =>
  (tenantId === null ? PATH : `${PATH}/${tenantId}`) + '/settings'
export const updateSettings = (tenantId: string | null, change: Record<string, string | number | null>) =>
  patch<{ items: SettingView[] }>(settingsPath(tenantId), change)
export const updateQuota = (tenantId: string, change: z.input<typeof quotaUpdate>) =>
  patch<QuotaView>(`${PATH}/${tenantId}/quotas`, change)

export const suspensionQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['suspensions', tenantId] as const,
    queryFn: ({ signal }) => get<SuspensionView>(`${PATH}/${tenantId}/suspension`, undefined, signal),
  })
export const suspendTenant = (tenantId: string, reason: string, key: string) =>
  post<SuspensionView>(`${PATH}/${tenantId}/suspend`, { reason }, key)
export const restoreTenant = (tenantId: string, key: string) =>
  post<SuspensionView>(`${PATH}/${tenantId}/restore`, {}, key)

export const logoQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', 'logo', tenantId] as const,
    queryFn: ({ signal }) => get<LogoView>(`${PATH}/${tenantId}/logo`, undefined, signal),
  })
/** `data`: the file as Base64. */
export const uploadLogo = (tenantId: string, data: string, key: string) =>
  post<LogoView>(`${PATH}/${tenantId}/logo`, { data }, key)
export const removeLogo = (tenantId: string) => remove<LogoView>(`${PATH}/${tenantId}/logo`)

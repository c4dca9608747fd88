import type { z } from 'zod'
import type { Tenant, tenantCreate, tenantUpdate } from '../../../shared/api/tenants.ts'
import { patch, post } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { Tenant }
export type TenantCreate = z.input<typeof tenantCreate>
export type TenantUpdate = z.input<typeof tenantUpdate>

const PATH = '/api/admin/tenants'

export const tenantsQuery = (filter: Omit<ListFilter, 'tenantId'> & { q?: string | undefined }) =>
  listQuery<Tenant, typeof filter>('tenants', PATH, filter)
export const tenantQuery = (id: string) => detailQuery<Tenant>('tenants', PATH, id)

export const createTenant = (body: TenantCreate, key: string) => post<Tenant>(PATH, body, key)
export const updateTenant = (tenant: Tenant, body: TenantUpdate) =>
  patch<Tenant>(`${PATH}/${tenant.id}`, body, tenant.version)

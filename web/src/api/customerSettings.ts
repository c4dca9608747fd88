import type { z } from 'zod'
import type {
  CustomerField,
  customerFieldCreate,
  customerFieldUpdate,
  CustomerGroup,
  customerGroupCreate,
  customerGroupUpdate,
} from '../../../shared/api/customerSettings.ts'
import { patch, post, remove } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { CustomerField, CustomerGroup }

const GROUPS = '/api/admin/customer-groups'
const FIELDS = '/api/admin/customer-fields'

export const groupsQuery = (filter: ListFilter) =>
  listQuery<CustomerGroup, ListFilter>('customerGroups', GROUPS, filter)
export const createGroup = (body: z.input<typeof customerGroupCreate>, key: string) =>
  post<CustomerGroup>(GROUPS, body, key)
export const updateGroup = (group: CustomerGroup, body: z.input<typeof customerGroupUpdate>) =>
  patch<CustomerGroup>(`${GROUPS}/${group.id}`, body, group.version)
export const deleteGroup = (id: string) => remove<null>(`${GROUPS}/${id}`)

export const fieldsQuery = (filter: ListFilter) =>
  listQuery<CustomerField, ListFilter>('customerFields', FIELDS, filter)
export const createField = (body: z.input<typeof customerFieldCreate>, key: string) =>
  post<CustomerField>(FIELDS, body, key)
export const updateField = (field: CustomerField, body: z.input<typeof customerFieldUpdate>) =>
  patch<CustomerField>(`${FIELDS}/${field.id}`, body, field.version)
export const deleteField = (id: string) => remove<null>(`${FIELDS}/${id}`)

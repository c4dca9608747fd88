import { queryOptions } from '@tanstack/react-query'
import type {
  CustomerImport,
  CustomerImportList,
  ImportReport,
  ImportRow,
} from '../../../shared/api/customerFiles.ts'
import { get, post, remove, upload } from './http.ts'

export type { CustomerImport, ImportReport, ImportRow }
export type ListedImport = CustomerImportList['items'][number]

const PATH = '/api/admin/customer-imports'
const POLL_MS = 2_000

export const isAtWork = ({ state }: Pick<CustomerImport, 'state'>): boolean =>
  state === 'uploading' || state === 'checking' || state === 'importing'

export const importsQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['customerImports', 'list', tenantId] as const,
    queryFn: ({ signal }) =>
      get<CustomerImportList>(`/api/admin/tenants/${tenantId}/customer-imports`, undefined, signal),
  })
export const importQuery = (id: string) =>
  queryOptions({
    queryKey: ['customerImports', 'one', id] as const,
    queryFn: ({ signal }) => get<CustomerImport>(`${PATH}/${id}`, undefined, signal),
    // Those who may not see jobs hear of none.
    refetchInterval: ({ state }) => (state.data && isAtWork(state.data) ? POLL_MS : false),
  })
export const uploadImport = (tenantId: string, file: File) =>
  upload<CustomerImport>(`/api/admin/tenants/${tenantId}/customer-imports`, file, 'text/csv')
export const startImport = (id: string, key: string) => post<CustomerImport>(`${PATH}/${id}/start`, {}, key)
export const discardImport = (id: string) => remove<null>(`${PATH}/${id}`)

/** The address of an empty file: the browser downloads it itself. */
export const templateFile = (tenantId: string) => `/api/admin/tenants/${tenantId}/customer-template`

import { queryOptions } from '@tanstack/react-query'
import type { ClosureProof, ClosureView, TenantClose } from '../../../shared/api/tenantClosures.ts'
import type { TenantExport, TenantExportList } from '../../../shared/api/tenantExports.ts'
import { download, get, post, save } from './http.ts'

export type { ClosureView, TenantExport }

const pathOf = (tenantId: string) => `/api/admin/tenants/${tenantId}`
const POLL_MS = 3_000

export const exportsQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['exports', tenantId] as const,
    queryFn: ({ signal }) => get<TenantExportList>(`${pathOf(tenantId)}/export`, undefined, signal),
    // Rows that are being written are no change of the job's state, of which the live view tells.
    refetchInterval: ({ state }) =>
      state.data?.items.some((one) => one.state === 'waiting') ? POLL_MS : false,
  })
export const startExport = (tenantId: string, key: string) =>
  post<TenantExportList>(`${pathOf(tenantId)}/export`, {}, key)
export const downloadExport = (slug: string, made: TenantExport) =>
  download(`/api/admin/tenants/exports/${made.id}/file`, `${slug}-${made.createdAt.slice(0, 10)}.jsonl.gz`)

export const closureQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['closures', tenantId] as const,
    queryFn: ({ signal }) => get<ClosureView>(`${pathOf(tenantId)}/close`, undefined, signal),
    refetchInterval: ({ state }) =>
      ['destroying', 'erasing'].includes(state.data?.closure?.state ?? '') ? POLL_MS : false,
  })
export const closeTenant = (tenantId: string, body: Partial<TenantClose>, key: string) =>
  post<ClosureView>(`${pathOf(tenantId)}/close`, body, key)
export const cancelClosure = (tenantId: string, key: string) =>
  post<ClosureView>(`${pathOf(tenantId)}/close/cancel`, {}, key)

export async function downloadProof(tenantId: string, slug: string): Promise<void> {
  const proof = await get<ClosureProof>(`${pathOf(tenantId)}/close/proof`)
  save(
    new Blob([JSON.stringify(proof, null, 2)], { type: 'application/json' }),
    `${slug}-deletion-proof.json`,
  )
}

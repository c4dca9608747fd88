import { queryOptions } from '@tanstack/react-query'
import type { KeptReverseZones } from '../../../shared/api/dnsReverse.ts'
import { get, post, put, remove } from './http.ts'

export type { KeptReverseZones }

const pathOf = (poolId: string): string => `/api/admin/provisioning/ip-pools/${poolId}/reverse-zones/kept`

/** Below the zones, so that the jobs that serve them bring it up to date. */
export const keptReverseQuery = (poolId: string) =>
  queryOptions({
    queryKey: ['zones', 'reverse', poolId] as const,
    queryFn: ({ signal }) => get<KeptReverseZones>(pathOf(poolId), undefined, signal),
  })
export const keepReverseZones = (poolId: string) => put<KeptReverseZones>(pathOf(poolId), {})
export const letGoReverseZones = (poolId: string) => remove<KeptReverseZones>(pathOf(poolId))
export const applyReverseZones = (poolId: string, key: string) =>
  post<KeptReverseZones>(`${pathOf(poolId)}/apply`, {}, key)

import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  cloudPodAdopt,
  GuestFacts,
  Stranger,
  StrangerDetail,
} from '../../../shared/api/cloudPodAdoption.ts'
import type { Accepted } from './cloudPods.ts'
import { get, post } from './http.ts'

export type { GuestFacts, Stranger, StrangerDetail }

const path = (clusterId: string) => `/api/admin/provisioning/clusters/${clusterId}/strangers`

export const strangersQuery = (clusterId: string, q: string | undefined) =>
  queryOptions({
    queryKey: ['strangers', clusterId, q] as const,
    queryFn: ({ signal }) => get<{ items: Stranger[] }>(path(clusterId), q ? { q } : {}, signal),
    retry: false,
  })

export const strangerQuery = (clusterId: string, vmid: string) =>
  queryOptions({
    queryKey: ['strangers', clusterId, 'one', vmid] as const,
    queryFn: ({ signal }) => get<StrangerDetail>(`${path(clusterId)}/${vmid}`, {}, signal),
    retry: false,
  })

export const adoptGuest = (body: z.input<typeof cloudPodAdopt>, key: string) =>
  post<Accepted>('/api/admin/hosting/cloudpods/adopt', body, key)

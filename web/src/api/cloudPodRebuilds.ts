import { queryOptions } from '@tanstack/react-query'
import type { CloudPodRebuildPreview } from '../../../shared/api/cloudPodRebuilds.ts'
import type { Accepted } from './cloudPods.ts'
import { get, post } from './http.ts'

export type { CloudPodRebuildPreview }

const pathOf = (podId: string) => `/api/admin/hosting/cloudpods/${podId}`

/** What a pod could be rebuilt from now. */
export const rebuildPreviewQuery = (podId: string) =>
  queryOptions({
    queryKey: ['cloudPods', 'rebuild', podId] as const,
    queryFn: ({ signal }) => get<CloudPodRebuildPreview>(`${pathOf(podId)}/rebuild`, undefined, signal),
  })

export const rebuildCloudPod = (
  podId: string,
  body: { blueprintId: string; hostname: string },
  key: string,
) => post<Accepted>(`${pathOf(podId)}/rebuild`, body, key)
export const goBackToKeptGuest = (podId: string, hostname: string, key: string) =>
  post<Accepted>(`${pathOf(podId)}/kept-guest/return`, { hostname }, key)
export const letGoOfKeptGuest = (podId: string, hostname: string, key: string) =>
  post<Accepted>(`${pathOf(podId)}/kept-guest/destroy`, { hostname }, key)

import { queryOptions } from '@tanstack/react-query'
import type { CloudPodTraffic, TrafficMonth } from '../../../shared/api/cloudPodTraffic.ts'
import { get } from './http.ts'
import { growingQuery } from './lists.ts'

export type { CloudPodTraffic, TrafficMonth }

const pathOf = (podId: string) => `/api/admin/hosting/cloudpods/${podId}/traffic`
const MINUTE_MS = 60_000

/** The month that it is. The key begins like that of the pod, so that a job about the pod brings it up to date. */
export const trafficQuery = (podId: string) =>
  queryOptions({
    queryKey: ['cloudPods', 'detail', podId, 'traffic'] as const,
    queryFn: ({ signal }) => get<CloudPodTraffic>(pathOf(podId), { limit: 1 }, signal),
    refetchInterval: MINUTE_MS,
  })

/** All months, the newest first. */
export const trafficMonthsQuery = (podId: string) =>
  growingQuery<TrafficMonth>(`traffic of ${podId}`, pathOf(podId))

import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { CloudPodMetrics, MetricPoint } from '../../../shared/api/cloudPodMetrics.ts'
import type { Timeframe } from '../../../shared/states/cloudPodMetrics.ts'
import { get } from './http.ts'

export type { CloudPodMetrics, MetricPoint }

const MINUTE_MS = 60_000

/** The cluster measures once a minute. A node that does not answer is not asked again by itself at once. */
export const metricsQuery = (podId: string, timeframe: Timeframe) =>
  queryOptions({
    queryKey: ['podMetrics', podId, timeframe] as const,
    queryFn: ({ signal }) =>
      get<CloudPodMetrics>(`/api/admin/hosting/cloudpods/${podId}/metrics`, { timeframe }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: MINUTE_MS,
    retry: false,
  })

import type { z } from 'zod'
import { cloudPodMetrics as answered, cloudPodMetricsQuery } from '../../shared/api/cloudPodMetrics.ts'
import { idParams } from '../../shared/api/common.ts'
import { originOf } from '../middleware/auth.ts'
import * as cloudPodMetricsService from '../services/cloudPodMetricsService.ts'
import type { Route } from './define.ts'

/** The cluster is asked while the request waits, outside of any transaction. */
export const cloudPodMetrics: Route[] = [
  {
    method: 'GET',
    path: '/api/admin/hosting/cloudpods/{id}/metrics',
    operationId: 'getCloudPodMetrics',
    summary: 'What the cluster has measured of a pod: processor, memory, disk and network over time',
    tag: 'cloudpods',
    access: { permission: 'cloudpods:read', where: { in: 'object', kind: 'cloudPod' } },
    params: idParams,
    query: cloudPodMetricsQuery,
    perMinute: 120,
    replies: { 200: answered },
    raw: async (root, request, _reply, identity, tenantId) => {
      const { id } = request.params as z.infer<typeof idParams>
      const { timeframe } = request.query as z.infer<typeof cloudPodMetricsQuery>
      return cloudPodMetricsService.read(root, originOf(request, identity), tenantId, {
        podId: id,
        timeframe,
      })
    },
  },
]

import type { z } from 'zod'
import { cloudPodMetrics as answered, cloudPodMetricsQuery } from '../../shared/api/cloudPodMetrics.ts'
import { cloudPodTraffic, cloudPodTrafficQuery } from '../../shared/api/cloudPodTraffic.ts'
import { idParams } from '../../shared/api/common.ts'
import { originOf } from '../middleware/auth.ts'
import * as cloudPodMetricsService from '../services/cloudPodMetricsService.ts'
import * as cloudPodTrafficService from '../services/cloudPodTrafficService.ts'
import { route, type Route } from './define.ts'

const access = { permission: 'cloudpods:read', where: { in: 'object', kind: 'cloudPod' } } as const

export const cloudPodMetrics: Route[] = [
  {
    method: 'GET',
    path: '/api/admin/hosting/cloudpods/{id}/metrics',
    operationId: 'getCloudPodMetrics',
    summary: 'What the cluster has measured of a pod: processor, memory, disk and network over time',
    tag: 'cloudpods',
    access,
    params: idParams,
    query: cloudPodMetricsQuery,
    perMinute: 120,
    replies: { 200: answered },
    // The cluster is asked while the request waits, outside of any transaction.
    raw: async (root, request, _reply, identity, tenantId) => {
      const { id } = request.params as z.infer<typeof idParams>
      const { timeframe } = request.query as z.infer<typeof cloudPodMetricsQuery>
      return cloudPodMetricsService.read(root, originOf(request, identity), tenantId, {
        podId: id,
        timeframe,
      })
    },
  },
  route({
    method: 'GET',
    path: '/api/admin/hosting/cloudpods/{id}/traffic',
    operationId: 'getCloudPodTraffic',
    summary: 'How much a pod has sent and received, month by month',
    tag: 'cloudpods',
    access,
    params: idParams,
    query: cloudPodTrafficQuery,
    replies: { 200: cloudPodTraffic },
    handler: async (ctx, { params, tenantId, query }) => ({
      body: await cloudPodTrafficService.read(ctx, tenantId, params.id, query),
    }),
  }),
]

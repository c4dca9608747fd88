import { z } from 'zod'
import { idParams, page } from '../../shared/api/common.ts'
import { job } from '../../shared/api/provisioning.ts'
import { finding, findingDecision, findingList } from '../../shared/api/provisioningFindings.ts'
import * as cloudPodFindingService from '../services/cloudPodFindingService.ts'
import { route, type Route } from './define.ts'

const tag = 'provisioning'
const see = { permission: 'infrastructure:read', where: { in: 'platform' } } as const
const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

export const provisioningFindingRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/provisioning/findings',
    operationId: 'listFindings',
    summary: 'List where a cluster and mPanel say different things about a guest',
    tag,
    access: see,
    query: findingList,
    replies: { 200: page(finding) },
    handler: async (ctx, { query }) => ({ body: await cloudPodFindingService.list(ctx, query, query) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/provisioning/findings/{id}',
    operationId: 'getFinding',
    summary: 'Show such a difference, and what was decided about it',
    tag,
    access: see,
    params: idParams,
    replies: { 200: finding },
    handler: async (ctx, { params }) => ({ body: await cloudPodFindingService.get(ctx, params.id) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/findings/{id}',
    operationId: 'decideFinding',
    summary: 'Repair a difference by a job, take over what the cluster says, or ignore it',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: findingDecision,
    replies: { 200: finding },
    handler: async (ctx, { params, body }) => ({
      body: await cloudPodFindingService.decide(ctx, params.id, body),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/clusters/{id}/reconcile',
    operationId: 'reconcileCluster',
    summary: 'Compare a cluster with mPanel now; it is done once a minute anyway',
    tag,
    access: manage,
    params: idParams,
    replies: { 202: z.object({ job }) },
    handler: async (ctx, { params }) => {
      const body = await cloudPodFindingService.reconcileNow(ctx, params.id)
      return { status: 202, body, location: `/api/admin/provisioning/jobs/${body.job.id}` }
    },
  }),
]

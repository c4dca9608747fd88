import { z } from 'zod'
import { id, idParams, listQuery, page } from '../../shared/api/common.ts'
import {
  cluster,
  clusterCreate,
  job,
  jobCancel,
  jobDetail,
  jobList,
  jobPriority,
  jobSettle,
  node,
  nodeConfigure,
} from '../../shared/api/provisioning.ts'
import { jobPlan } from '../../shared/api/provisioningPlan.ts'
import { ipPool, ipPoolCreate } from '../../shared/api/provisioningPools.ts'
import { originOf } from '../middleware/auth.ts'
import * as provisioningService from '../services/provisioningService.ts'
import { route, type Route } from './define.ts'
import { streamJobs } from './provisioningStream.ts'

const tag = 'provisioning'
const plainList = listQuery.omit({ tenantId: true })
const seeInfrastructure = { permission: 'infrastructure:read', where: { in: 'platform' } } as const
const manageInfrastructure = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

export const provisioningRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/provisioning/jobs',
    operationId: 'listJobs',
    summary: 'List jobs',
    tag,
    access: { permission: 'jobs:read', where: { in: 'list' } },
    query: jobList,
    replies: { 200: page(job) },
    handler: async (ctx, { query }) => ({ body: await provisioningService.listJobs(ctx, query, query) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/provisioning/jobs/{id}',
    operationId: 'getJob',
    summary: 'Show a job with its steps and log',
    tag,
    access: { permission: 'jobs:read', where: { in: 'object', kind: 'job' } },
    params: idParams,
    replies: { 200: jobDetail },
    handler: async (ctx, { params }) => ({ body: await provisioningService.getJobDetail(ctx, params.id) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/jobs/{id}/retry',
    operationId: 'retryJob',
    whileSuspended: true,
    summary: 'Let a stuck job go on from the step at which it stopped',
    tag,
    access: { permission: 'jobs:manage', where: { in: 'object', kind: 'job' } },
    params: idParams,
    replies: { 202: job },
    handler: async (ctx, { params }) => ({
      status: 202,
      body: await provisioningService.retryJob(ctx, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/jobs/{id}/cancel',
    operationId: 'cancelJob',
    whileSuspended: true,
    summary: 'Cancel a job: what it has begun is undone',
    tag,
    access: { permission: 'jobs:manage', where: { in: 'object', kind: 'job' } },
    params: idParams,
    body: jobCancel,
    replies: { 202: job },
    handler: async (ctx, { params, body }) => ({
      status: 202,
      body: await provisioningService.cancelJob(ctx, params.id, body.reason),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/jobs/{id}/settle',
    operationId: 'settleJobStep',
    whileSuspended: true,
    summary:
      'Mark the step at which a stuck job stopped as done by hand, or skip it; the job goes on behind it',
    tag,
    access: { permission: 'infrastructure:manage', where: { in: 'object', kind: 'job' } },
    params: idParams,
    body: jobSettle,
    replies: { 202: job },
    handler: async (ctx, { params, body }) => ({
      status: 202,
      body: await provisioningService.settleStep(ctx, params.id, body.how, body.reason),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/jobs/{id}/priority',
    operationId: 'setJobPriority',
    summary: 'Let a waiting job run sooner or later than others',
    tag,
    access: { permission: 'infrastructure:manage', where: { in: 'object', kind: 'job' } },
    params: idParams,
    body: jobPriority,
    replies: { 200: job },
    handler: async (ctx, { params, body }) => ({
      body: await provisioningService.setJobPriority(ctx, params.id, body.priority),
    }),
  }),
  {
    method: 'GET',
    path: '/api/admin/provisioning/jobs/{id}/plan',
    operationId: 'planJob',
    summary:
      'What a waiting or stuck job would do: its calls to the cluster, what it would write, and its costs',
    tag,
    access: { permission: 'infrastructure:manage', where: { in: 'object', kind: 'job' } },
    params: idParams,
    perMinute: 30,
    replies: { 200: jobPlan },
    // The cluster is asked while the request waits, outside of its transaction.
    raw: async (root, request, _reply, identity, tenantId) => {
      const { id: jobId } = request.params as z.infer<typeof idParams>
      return provisioningService.planJob(root, originOf(request, identity), tenantId, jobId)
    },
  },
  {
    method: 'GET',
    path: '/api/admin/provisioning/events',
    operationId: 'streamJobs',
    summary: 'Changes of jobs as they happen (server-sent events, resumable by Last-Event-ID)',
    tag,
    access: { permission: 'jobs:read', where: { in: 'list' } },
    query: z.strictObject({ tenantId: id.optional() }),
    replies: {
      200: z.string().describe('text/event-stream; event "job" with id, kind, state, subject, progress'),
    },
    uncounted: true,
    raw: streamJobs,
  },
  route({
    method: 'GET',
    path: '/api/admin/provisioning/clusters',
    operationId: 'listClusters',
    summary: 'List Proxmox VE clusters',
    tag,
    access: seeInfrastructure,
    query: plainList,
    replies: { 200: page(cluster) },
    handler: async (ctx, { query }) => ({ body: await provisioningService.listClusters(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/clusters',
    operationId: 'createCluster',
    summary: 'Add a Proxmox VE cluster; a job reads its nodes, storages and templates',
    tag,
    access: manageInfrastructure,
    body: clusterCreate,
    replies: { 202: z.object({ cluster, job }) },
    handler: async (ctx, { body }) => {
      const added = await provisioningService.addCluster(ctx, body)
      const started = await provisioningService.getJob(ctx, added.jobId)
      return {
        status: 202,
        body: { cluster: added.cluster, job: started },
        location: `/api/admin/provisioning/jobs/${started.id}`,
      }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/provisioning/nodes',
    operationId: 'listNodes',
    summary: 'List nodes with what is reserved on them',
    tag,
    access: seeInfrastructure,
    query: plainList,
    replies: { 200: page(node) },
    handler: async (ctx, { query }) => ({ body: await provisioningService.listNodes(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/nodes',
    operationId: 'configureNode',
    summary: 'Set storage, overcommit and state of a node that its cluster has shown',
    tag,
    access: manageInfrastructure,
    body: nodeConfigure,
    replies: { 200: node },
    handler: async (ctx, { body }) => ({ body: await provisioningService.configureNode(ctx, body) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/provisioning/ip-pools',
    operationId: 'listIpPools',
    summary: 'List address pools with their use',
    tag,
    access: seeInfrastructure,
    query: plainList,
    replies: { 200: page(ipPool) },
    handler: async (ctx, { query }) => ({ body: await provisioningService.listPools(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/provisioning/ip-pools',
    operationId: 'createIpPool',
    summary: 'Add an address pool to a cluster',
    tag,
    access: manageInfrastructure,
    body: ipPoolCreate,
    replies: { 201: ipPool },
    handler: async (ctx, { body }) => ({ status: 201, body: await provisioningService.addPool(ctx, body) }),
  }),
]

import {
  cloudPodMigrate,
  cloudPodMigrationTargets,
  nodeEmptying,
} from '../../shared/api/cloudPodMigrations.ts'
import { accepted } from '../../shared/api/cloudPods.ts'
import { idParams } from '../../shared/api/common.ts'
import * as cloudPodMigrationService from '../services/cloudPodMigrationService.ts'
import { route, type Route } from './define.ts'

const POD = '/api/admin/hosting/cloudpods/{id}/migrate'
const NODE = '/api/admin/provisioning/nodes/{id}/empty'
const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

export const cloudPodMigrations: Route[] = [
  route({
    method: 'GET',
    path: POD,
    operationId: 'previewCloudPodMigration',
    summary: 'Show to which nodes of its cluster a pod could move now, and why not to the others',
    tag: 'cloudpods',
    access: manage,
    params: idParams,
    replies: { 200: cloudPodMigrationTargets },
    handler: async (ctx, { params }) => ({ body: await cloudPodMigrationService.targets(ctx, params.id) }),
  }),
  route({
    method: 'POST',
    path: POD,
    operationId: 'migrateCloudPod',
    summary: 'Move a pod to another node: a running machine stays up, a running container is restarted',
    tag: 'cloudpods',
    access: manage,
    params: idParams,
    body: cloudPodMigrate,
    replies: { 202: accepted },
    handler: async (ctx, { params, body: asked }) => {
      const body = await cloudPodMigrationService.migrate(ctx, params.id, asked.nodeId)
      return { status: 202, body, location: `/api/admin/provisioning/jobs/${body.job.id}` }
    },
  }),
  route({
    method: 'GET',
    path: NODE,
    operationId: 'getNodeEmptying',
    summary: 'Show how far a node is emptied, and which pods it still has',
    tag: 'provisioning',
    access: { permission: 'infrastructure:read', where: { in: 'platform' } },
    params: idParams,
    replies: { 200: nodeEmptying },
    handler: async (ctx, { params }) => ({
      body: await cloudPodMigrationService.emptyingOf(ctx, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: NODE,
    operationId: 'emptyNode',
    summary: 'Place no more pods on a node and move those that it has to others',
    tag: 'provisioning',
    access: manage,
    params: idParams,
    replies: { 200: nodeEmptying },
    handler: async (ctx, { params }) => ({ body: await cloudPodMigrationService.empty(ctx, params.id) }),
  }),
  route({
    method: 'DELETE',
    path: NODE,
    operationId: 'stopEmptyingNode',
    summary: 'Move no more pods away from a node; those on their way arrive, and it takes no new ones',
    tag: 'provisioning',
    access: manage,
    params: idParams,
    replies: { 200: nodeEmptying },
    handler: async (ctx, { params }) => ({
      body: await cloudPodMigrationService.stopEmptying(ctx, params.id),
    }),
  }),
]

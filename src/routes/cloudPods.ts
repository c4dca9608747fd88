import {
  accepted,
  cloudPod,
  cloudPodCreate,
  cloudPodDetail,
  cloudPodList,
  cloudPodResize,
  cloudPodResizePreview,
  cloudPodResizeQuery,
  cloudPodUpdate,
  regions,
} from '../../shared/api/cloudPods.ts'
import { cloudPodConfirmed } from '../../shared/api/cloudPodRebuilds.ts'
import { idParams, page } from '../../shared/api/common.ts'
import { POWER_ACTIONS, type PowerAction } from '../../shared/states/cloudPod.ts'
import * as cloudPodDeletionService from '../services/cloudPodDeletionService.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import type { Identity } from '../services/userService.ts'
import { route, type Reply, type Route } from './define.ts'

const tag = 'cloudpods'

/** 202: the work has been accepted; the job says how it goes. */
const started = (body: cloudPodService.Accepted): Reply<cloudPodService.Accepted> => ({
  status: 202,
  body,
  location: `/api/admin/provisioning/jobs/${body.job.id}`,
})

const askerOf = ({ platform }: Identity) => ({ byPlatform: platform.has('infrastructure:manage') })

const SUMMARIES: Record<PowerAction, string> = {
  start: 'Start a pod',
  stop: 'Stop a pod at once, as if its plug was pulled',
  shutdown: 'Ask a pod to shut down',
  reboot: 'Ask a pod to restart',
}

const power = (action: PowerAction): Route =>
  route({
    method: 'POST',
    path: `/api/admin/hosting/cloudpods/{id}/${action}`,
    operationId: `${action}CloudPod`,
    summary: SUMMARIES[action],
    tag,
    access: { permission: 'cloudpods:power', where: { in: 'object', kind: 'cloudPod' } },
    params: idParams,
    replies: { 202: accepted },
    handler: async (ctx, { params, tenantId }) =>
      started(await cloudPodService.power(ctx, tenantId, params.id, action)),
  })

export const cloudPods: Route[] = [
  route({
    method: 'PATCH',
    path: '/api/admin/hosting/cloudpods/{id}',
    operationId: 'updateCloudPod',
    summary: 'Change the notes, tags and protection of a pod; its guest is not touched',
    tag,
    access: { permission: 'cloudpods:update', where: { in: 'object', kind: 'cloudPod' } },
    params: idParams,
    body: cloudPodUpdate,
    replies: { 200: cloudPod },
    versioned: true,
    handler: async (ctx, { params, tenantId, body, ifMatch }) => {
      const changed = await cloudPodService.update(ctx, tenantId, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/hosting/regions',
    operationId: 'getRegions',
    summary: 'Show the regions in which pods can be ordered',
    tag,
    access: 'authenticated',
    replies: { 200: regions },
    handler: async (ctx) => ({ body: await cloudPodService.regions(ctx) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/hosting/cloudpods',
    operationId: 'listCloudPods',
    summary: 'List or search pods',
    tag,
    access: { permission: 'cloudpods:read', where: { in: 'list' } },
    query: cloudPodList,
    replies: { 200: page(cloudPod) },
    handler: async (ctx, { query }) => ({ body: await cloudPodService.list(ctx, query, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/hosting/cloudpods',
    operationId: 'createCloudPod',
    summary: 'Order a pod that belongs to no subscription',
    tag,
    access: { permission: 'cloudpods:create', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    body: cloudPodCreate,
    replies: { 202: accepted },
    handler: async (ctx, { body }) => started(await cloudPodService.create(ctx, body)),
  }),
  route({
    method: 'GET',
    path: '/api/admin/hosting/cloudpods/{id}',
    operationId: 'getCloudPod',
    summary: 'Show a pod; where it runs only with infrastructure:read',
    tag,
    access: { permission: 'cloudpods:read', where: { in: 'object', kind: 'cloudPod' } },
    params: idParams,
    replies: { 200: cloudPodDetail },
    handler: async (ctx, { params, tenantId }) => {
      const found = await cloudPodService.get(ctx, tenantId, params.id)
      return { body: found, version: found.version }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/hosting/cloudpods/{id}',
    operationId: 'deleteCloudPod',
    summary: 'Delete a pod that belongs to no subscription; it is kept for the tenant’s undelete window',
    tag,
    access: { permission: 'cloudpods:delete', where: { in: 'object', kind: 'cloudPod' } },
    params: idParams,
    replies: { 202: accepted },
    handler: async (ctx, { params, tenantId }) =>
      started(await cloudPodService.destroy(ctx, tenantId, params.id)),
  }),
  route({
    method: 'POST',
    path: '/api/admin/hosting/cloudpods/{id}/undelete',
    operationId: 'undeleteCloudPod',
    summary: 'Bring a deleted pod back as it was, and the subscription that ended with it',
    tag,
    access: { permission: 'cloudpods:delete', where: { in: 'object', kind: 'cloudPod' } },
    params: idParams,
    replies: { 202: accepted },
    handler: async (ctx, { params, tenantId }) =>
      started(await cloudPodDeletionService.undelete(ctx, tenantId, params.id)),
  }),
  route({
    method: 'POST',
    path: '/api/admin/hosting/cloudpods/{id}/purge',
    operationId: 'purgeCloudPod',
    summary: 'Destroy a deleted pod for good before its time, with its disks',
    tag,
    access: { permission: 'cloudpods:delete', where: { in: 'object', kind: 'cloudPod' } },
    params: idParams,
    body: cloudPodConfirmed,
    replies: { 202: accepted },
    notWhileImpersonating: true,
    handler: async (ctx, { params, tenantId, body }) =>
      started(await cloudPodDeletionService.purge(ctx, tenantId, params.id, body.hostname)),
  }),
  ...POWER_ACTIONS.map(power),
  route({
    method: 'GET',
    path: '/api/admin/hosting/cloudpods/{id}/resize',
    operationId: 'previewCloudPodResize',
    summary: 'Try out whether a pod could get another size now',
    tag,
    access: { permission: 'cloudpods:resize', where: { in: 'object', kind: 'cloudPod' } },
    params: idParams,
    query: cloudPodResizeQuery,
    replies: { 200: cloudPodResizePreview },
    handler: async (ctx, { params, query, tenantId, identity }) => ({
      body: await cloudPodService.previewResize(ctx, tenantId, params.id, query, askerOf(identity)),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/hosting/cloudpods/{id}/resize',
    operationId: 'resizeCloudPod',
    summary: 'Give a pod other cores or memory, or a larger disk; one of a subscription by the platform only',
    tag,
    access: { permission: 'cloudpods:resize', where: { in: 'object', kind: 'cloudPod' } },
    params: idParams,
    body: cloudPodResize,
    replies: { 202: accepted },
    handler: async (ctx, { params, body, tenantId, identity }) =>
      started(await cloudPodService.resize(ctx, tenantId, params.id, body, askerOf(identity))),
  }),
]

import {
  cloudPodConfirmed,
  cloudPodRebuild,
  cloudPodRebuildPreview,
} from '../../shared/api/cloudPodRebuilds.ts'
import { accepted } from '../../shared/api/cloudPods.ts'
import { idParams } from '../../shared/api/common.ts'
import * as cloudPodRebuildService from '../services/cloudPodRebuildService.ts'
import type { Accepted } from '../services/cloudPodService.ts'
import { route, type Reply, type Route } from './define.ts'

const tag = 'cloudpods'
const PATH = '/api/admin/hosting/cloudpods/{id}/rebuild'
const KEPT = '/api/admin/hosting/cloudpods/{id}/kept-guest'
const access = {
  permission: 'cloudpods:rebuild',
  where: { in: 'object', kind: 'cloudPod' },
} as const

/** 202: the work has been accepted; the job says how it goes. */
const started = (body: Accepted): Reply<Accepted> => ({
  status: 202,
  body,
  location: `/api/admin/provisioning/jobs/${body.job.id}`,
})

export const cloudPodRebuilds: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'previewCloudPodRebuild',
    summary: 'Show what a pod could be rebuilt from, and what would be refused now',
    tag,
    access,
    params: idParams,
    replies: { 200: cloudPodRebuildPreview },
    handler: async (ctx, { params, tenantId }) => ({
      body: await cloudPodRebuildService.preview(ctx, tenantId, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'rebuildCloudPod',
    summary:
      'Give a pod a fresh guest with the same address, name and size; the present one is kept for a while',
    tag,
    access,
    params: idParams,
    body: cloudPodRebuild,
    replies: { 202: accepted },
    notWhileImpersonating: true,
    handler: async (ctx, { params, tenantId, body }) =>
      started(await cloudPodRebuildService.rebuild(ctx, tenantId, params.id, body)),
  }),
  route({
    method: 'POST',
    path: `${KEPT}/return`,
    operationId: 'goBackToKeptGuest',
    summary: 'Give a pod the guest again that its rebuild replaced; the present one is kept instead',
    tag,
    access,
    params: idParams,
    body: cloudPodConfirmed,
    replies: { 202: accepted },
    notWhileImpersonating: true,
    handler: async (ctx, { params, tenantId, body }) =>
      started(await cloudPodRebuildService.goBack(ctx, tenantId, params.id, body.hostname)),
  }),
  route({
    method: 'POST',
    path: `${KEPT}/destroy`,
    operationId: 'letGoOfKeptGuest',
    summary: 'Destroy the guest that a rebuild replaced before its time; the present one is not touched',
    tag,
    access,
    params: idParams,
    body: cloudPodConfirmed,
    replies: { 202: accepted },
    notWhileImpersonating: true,
    handler: async (ctx, { params, tenantId, body }) =>
      started(await cloudPodRebuildService.letGo(ctx, tenantId, params.id, body.hostname)),
  }),
]

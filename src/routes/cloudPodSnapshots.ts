import {
  cloudPodSnapshots as answered,
  snapshotAccepted,
  snapshotCreate,
  snapshotParams,
  snapshotRollback,
} from '../../shared/api/cloudPodSnapshots.ts'
import { idParams } from '../../shared/api/common.ts'
import * as cloudPodSnapshotService from '../services/cloudPodSnapshotService.ts'
import { route, type Reply, type Route } from './define.ts'

const tag = 'cloudpods'
const PATH = '/api/admin/hosting/cloudpods/{id}/snapshots'
const where = { in: 'object', kind: 'cloudPod' } as const

/** 202: the work has been accepted; the job says how it goes. */
const started = (body: cloudPodSnapshotService.Accepted): Reply<cloudPodSnapshotService.Accepted> => ({
  status: 202,
  body,
  location: `/api/admin/provisioning/jobs/${body.job.id}`,
})

export const cloudPodSnapshots: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'getCloudPodSnapshots',
    summary: 'List the snapshots of a pod, and how many it may have',
    tag,
    access: { permission: 'cloudpods:read', where },
    params: idParams,
    replies: { 200: answered },
    handler: async (ctx, { params, tenantId }) => ({
      body: await cloudPodSnapshotService.list(ctx, tenantId, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'takeCloudPodSnapshot',
    summary: 'Take a snapshot of the disks of a pod, without the memory of what runs',
    tag,
    access: { permission: 'cloudpods:snapshot', where },
    params: idParams,
    body: snapshotCreate,
    replies: { 202: snapshotAccepted },
    handler: async (ctx, { params, tenantId, body }) =>
      started(await cloudPodSnapshotService.take(ctx, tenantId, params.id, body)),
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{snapshotId}`,
    operationId: 'deleteCloudPodSnapshot',
    summary: 'Delete a snapshot; the pod stays as it is',
    tag,
    access: { permission: 'cloudpods:snapshot', where },
    params: snapshotParams,
    replies: { 202: snapshotAccepted },
    handler: async (ctx, { params, tenantId }) =>
      started(await cloudPodSnapshotService.remove(ctx, tenantId, params.id, params.snapshotId)),
  }),
  route({
    method: 'POST',
    path: `${PATH}/{snapshotId}/rollback`,
    operationId: 'rollbackCloudPod',
    summary: 'Bring the disks of a pod back to a snapshot; what was written since is lost',
    tag,
    access: { permission: 'cloudpods:snapshot', where },
    params: snapshotParams,
    body: snapshotRollback,
    replies: { 202: snapshotAccepted },
    notWhileImpersonating: true,
    handler: async (ctx, { params, tenantId, body }) =>
      started(
        await cloudPodSnapshotService.rollback(ctx, tenantId, {
          podId: params.id,
          snapshotId: params.snapshotId,
          hostname: body.hostname,
        }),
      ),
  }),
]

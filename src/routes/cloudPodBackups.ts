import {
  backupAccepted,
  backupParams,
  backupProtection,
  backupRestore,
  backupRestored,
  backupRestoreToNew,
  backupSchedule,
  backupScheduleUpdate,
  cloudPodBackup,
  cloudPodBackups as answered,
} from '../../shared/api/cloudPodBackups.ts'
import { idParams } from '../../shared/api/common.ts'
import * as cloudPodBackupScheduleService from '../services/cloudPodBackupScheduleService.ts'
import * as cloudPodBackupService from '../services/cloudPodBackupService.ts'
import { route, type Reply, type Route } from './define.ts'

const tag = 'cloudpods'
const POD = '/api/admin/hosting/cloudpods/{id}'
const BACKUP = `${POD}/backups/{backupId}`
const where = { in: 'object', kind: 'cloudPod' } as const

/** 202: the work has been accepted; the job says how it goes. */
const started = <T extends { job: { id: string } }>(body: T): Reply<T> => ({
  status: 202,
  body,
  location: `/api/admin/provisioning/jobs/${body.job.id}`,
})

export const cloudPodBackups: Route[] = [
  route({
    method: 'GET',
    path: `${POD}/backups`,
    operationId: 'getCloudPodBackups',
    summary: 'List the backups of a pod, also of one that is gone, and how many it may have',
    tag,
    access: { permission: 'cloudpods:read', where },
    params: idParams,
    replies: { 200: answered },
    handler: async (ctx, { params, tenantId }) => ({
      body: await cloudPodBackupService.list(ctx, tenantId, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: `${POD}/backups`,
    operationId: 'backUpCloudPod',
    summary: 'Back a pod up to the storage for backups, without stopping it',
    tag,
    access: { permission: 'cloudpods:backup', where },
    params: idParams,
    replies: { 202: backupAccepted },
    handler: async (ctx, { params, tenantId }) =>
      started(await cloudPodBackupService.take(ctx, tenantId, params.id)),
  }),
  route({
    method: 'PATCH',
    path: BACKUP,
    operationId: 'updateCloudPodBackup',
    summary: 'Protect a backup from being deleted, or end its protection',
    tag,
    access: { permission: 'cloudpods:backup', where },
    params: backupParams,
    body: backupProtection,
    replies: { 200: cloudPodBackup },
    notWhileImpersonating: true,
    handler: async (ctx, { params, tenantId, body }) => ({
      body: await cloudPodBackupService.protect(ctx, tenantId, {
        podId: params.id,
        backupId: params.backupId,
        protected: body.protected,
      }),
    }),
  }),
  route({
    method: 'DELETE',
    path: BACKUP,
    operationId: 'deleteCloudPodBackup',
    summary: 'Delete a backup',
    tag,
    access: { permission: 'cloudpods:backup', where },
    params: backupParams,
    replies: { 202: backupAccepted },
    handler: async (ctx, { params, tenantId }) =>
      started(await cloudPodBackupService.remove(ctx, tenantId, params.id, params.backupId)),
  }),
  route({
    method: 'POST',
    path: `${BACKUP}/restore`,
    operationId: 'restoreCloudPod',
    summary: 'Overwrite a pod with a backup; what was written since is lost, and so are its snapshots',
    tag,
    access: { permission: 'cloudpods:backup', where },
    params: backupParams,
    body: backupRestore,
    replies: { 202: backupAccepted },
    notWhileImpersonating: true,
    handler: async (ctx, { params, tenantId, body }) =>
      started(
        await cloudPodBackupService.restore(ctx, tenantId, {
          podId: params.id,
          backupId: params.backupId,
          hostname: body.hostname,
        }),
      ),
  }),
  route({
    method: 'POST',
    path: `${BACKUP}/restore-to-new`,
    operationId: 'restoreToNewCloudPod',
    summary: 'Make a new pod out of a backup, with an address, MAC and name of its own',
    tag,
    access: { permission: 'cloudpods:create', where },
    params: backupParams,
    body: backupRestoreToNew,
    replies: { 202: backupRestored },
    handler: async (ctx, { params, tenantId, body }) =>
      started(
        await cloudPodBackupService.restoreToNew(ctx, tenantId, {
          podId: params.id,
          backupId: params.backupId,
          ...body,
        }),
      ),
  }),
  route({
    method: 'GET',
    path: `${POD}/backup-schedule`,
    operationId: 'getCloudPodBackupSchedule',
    summary: 'When a pod is backed up by itself, and what is kept of that',
    tag,
    access: { permission: 'cloudpods:read', where },
    params: idParams,
    replies: { 200: backupSchedule },
    handler: async (ctx, { params, tenantId }) => {
      const body = await cloudPodBackupScheduleService.get(ctx, tenantId, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${POD}/backup-schedule`,
    operationId: 'updateCloudPodBackupSchedule',
    summary: 'Change when a pod is backed up by itself, and what is kept of that',
    tag,
    access: { permission: 'cloudpods:backup', where },
    params: idParams,
    body: backupScheduleUpdate,
    replies: { 200: backupSchedule },
    versioned: true,
    handler: async (ctx, { params, tenantId, body, ifMatch }) => {
      const changed = await cloudPodBackupScheduleService.update(ctx, tenantId, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
]

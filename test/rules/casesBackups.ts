import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Accepted } from '../../src/services/cloudPodBackupService.ts'
import * as cloudPodBackupMarks from '../../src/services/cloudPodBackupMarks.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { activePod, good } from './pods.ts'

const PODS = '/api/admin/hosting/cloudpods'

/** A pod that may have backups, whatever was made of the platform's settings. */
async function podIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const { id = '' } = await activePod(app, tenantId, false)
  await good(
    app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, { 'cloudPods.maxBackups': 10 }),
  )
  return { id }
}

/** A backup as it is once it was proven. */
export async function backupIn(app: TestApp, tenantId: string): Promise<{ id: string; backupId: string }> {
  const { id } = await podIn(app, tenantId)
  const body = await good(app.admin.post<Accepted>(`${PODS}/${id}/backups`))
  const backupId = body.backup.id
  const seen = {
    volid: `local:backup/vzdump-qemu-100-${backupId}.vma.zst`,
    node: 'pve1',
    shared: true,
    sizeBytes: 1_048_576,
    takenAt: new Date().toISOString(),
    diskGb: 1,
  }
  await app.as((ctx) => cloudPodBackupMarks.markReady(ctx, { tenantId, podId: id, backupId }, seen))
  return { id, backupId }
}

const schedule = { enabled: true, hour: 3, keepLast: 2 }

/** A pod that is backed up every day. */
export async function scheduleIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const { id } = await podIn(app, tenantId)
  await good(app.admin.call('PATCH', `${PODS}/${id}/backup-schedule`, schedule))
  return { id }
}

/** The rows of the route table about backups. */
export const BACKUP_CASES: Record<string, Case> = {
  getCloudPodBackups: (app, tenantId) => backupIn(app, tenantId),
  backUpCloudPod: (app, tenantId) => podIn(app, tenantId),
  updateCloudPodBackup: async (app, tenantId) => ({
    ...(await backupIn(app, tenantId)),
    body: { protected: true },
  }),
  deleteCloudPodBackup: (app, tenantId) => backupIn(app, tenantId),
  restoreCloudPod: async (app, tenantId) => {
    const made = await backupIn(app, tenantId)
    const { body } = await app.admin.get<CloudPod>(`${PODS}/${made.id}`)
    return { ...made, body: { hostname: body.hostname } }
  },
  restoreToNewCloudPod: async (app, tenantId) => {
    const made = await backupIn(app, tenantId)
    return { ...made, body: { hostname: `restored-${made.backupId}` } }
  },
  getCloudPodBackupSchedule: (app, tenantId) => scheduleIn(app, tenantId),
  updateCloudPodBackupSchedule: async (app, tenantId) => ({
    ...(await podIn(app, tenantId)),
    body: schedule,
  }),
}

import { queryOptions } from '@tanstack/react-query'
import type {
  BackupSchedule,
  BackupScheduleUpdate,
  CloudPodBackup,
  CloudPodBackups,
} from '../../../shared/api/cloudPodBackups.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import type { Accepted as PodAccepted } from './cloudPods.ts'
import { get, patch, post, remove } from './http.ts'

export type { BackupSchedule, CloudPodBackup }
type Accepted = { backup: CloudPodBackup; job: Job }

const pathOf = (podId: string) => `/api/admin/hosting/cloudpods/${podId}`
const oneOf = ({ podId, id }: CloudPodBackup) => `${pathOf(podId)}/backups/${id}`

/** The keys begin like that of the pod, so that a job about the pod brings its backups up to date as well. */
export const backupsQuery = (podId: string) =>
  queryOptions({
    queryKey: ['cloudPods', 'detail', podId, 'backups'] as const,
    queryFn: ({ signal }) => get<CloudPodBackups>(`${pathOf(podId)}/backups`, undefined, signal),
  })
export const backupScheduleQuery = (podId: string) =>
  queryOptions({
    queryKey: ['cloudPods', 'detail', podId, 'backupSchedule'] as const,
    queryFn: ({ signal }) => get<BackupSchedule>(`${pathOf(podId)}/backup-schedule`, undefined, signal),
  })

export const takeBackup = (podId: string, key: string) => post<Accepted>(`${pathOf(podId)}/backups`, {}, key)
export const deleteBackup = (backup: CloudPodBackup) => remove<Accepted>(oneOf(backup))
export const protectBackup = (backup: CloudPodBackup) =>
  patch<CloudPodBackup>(oneOf(backup), { protected: !backup.protected })
export const restoreBackup = (backup: CloudPodBackup, hostname: string, key: string) =>
  post<Accepted>(`${oneOf(backup)}/restore`, { hostname }, key)
export const restoreToNew = (backup: CloudPodBackup, hostname: string, key: string) =>
  post<PodAccepted>(`${oneOf(backup)}/restore-to-new`, { hostname }, key)
export const updateBackupSchedule = (podId: string, change: BackupScheduleUpdate, version: number) =>
  patch<BackupSchedule>(`${pathOf(podId)}/backup-schedule`, change, version)

import { z } from 'zod'
import { BACKUP_FREQUENCIES, BACKUP_KINDS, BACKUP_STATES } from '../states/cloudPodBackup.ts'
import { hostname, sshKeys } from './billing.ts'
import { cloudPod } from './cloudPods.ts'
import { quotaShare } from './cloudPodSnapshots.ts'
import { id, timestamp } from './common.ts'
import { job } from './provisioning.ts'

export const cloudPodBackup = z.object({
  id,
  podId: id,
  kind: z.enum(BACKUP_KINDS),
  state: z.enum(BACKUP_STATES),
  protected: z.boolean(),
  problem: z.string().nullable(),
  /** As it lies on the storage. */
  sizeBytes: z.number().nullable(),
  /** What its disk takes when it is restored. */
  diskGb: z.number().int().nullable(),
  createdBy: z.string(),
  createdAt: timestamp,
  /** When it was begun, by the hypervisor's clock. */
  takenAt: timestamp.nullable(),
  restoredAt: timestamp.nullable(),
  /** When it is deleted because its pod is gone. */
  expiresAt: timestamp.nullable(),
})
export type CloudPodBackup = z.infer<typeof cloudPodBackup>

/** All that are not deleted, the newest first; `limit` is how many a pod may have. */
export const cloudPodBackups = z.object({
  items: z.array(cloudPodBackup),
  limit: z.number().int(),
  quota: quotaShare,
})
export type CloudPodBackups = z.infer<typeof cloudPodBackups>

export const backupParams = z.object({ id, backupId: id })

export const backupProtection = z.strictObject({ protected: z.boolean() })

/** A restore in place loses what was written since: `hostname` must be the pod's. */
export const backupRestore = z.strictObject({ hostname: z.string().max(253) })

/** A new pod out of a backup. What is not named is as it was with the pod that the backup is of. */
export const backupRestoreToNew = z.strictObject({
  hostname,
  planId: id.optional(),
  sshKeys,
})
export type BackupRestoreToNew = z.infer<typeof backupRestoreToNew>

export const backupAccepted = z.object({ backup: cloudPodBackup, job })
export const backupRestored = z.object({ cloudPod, job })

const keep = (min: number) => z.number().int().min(min).max(100)

const schedule = z.strictObject({
  enabled: z.boolean(),
  frequency: z.enum(BACKUP_FREQUENCIES),
  /** 1 is Monday; counts when weekly. */
  weekday: z.number().int().min(1).max(7),
  /** By the clock of the tenant. */
  hour: z.number().int().min(0).max(23),
  keepLast: keep(1),
  keepDaily: keep(0),
  keepWeekly: keep(0),
})
/** What is not named stays. */
export const backupScheduleUpdate = schedule.partial()
export type BackupScheduleUpdate = z.infer<typeof backupScheduleUpdate>

export const backupSchedule = z.object(schedule.shape).extend({
  timeZone: z.string(),
  nextAt: timestamp.nullable(),
  /** Why the last run was not begun. */
  problem: z.string().nullable(),
  /** 0: nobody has set it yet, and it is off. */
  version: z.number().int(),
})
export type BackupSchedule = z.infer<typeof backupSchedule>

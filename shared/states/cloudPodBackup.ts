import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'
import { NOT_ACTIVE, type PodState } from './cloudPod.ts'
import { roomFor, type QuotaShare } from './cloudPodSnapshot.ts'

/** A backup's states: what has been proven. `failed`: it could not be made, or not be removed, and still counts. */
export const BACKUP_STATES = ['creating', 'ready', 'deleting', 'failed', 'deleted'] as const
type BackupState = (typeof BACKUP_STATES)[number]
export const BACKUP_KINDS = ['manual', 'scheduled'] as const
export const BACKUP_FREQUENCIES = ['daily', 'weekly'] as const

type Pod = { state: PodState }
type Backup = { state: BackupState; protected: boolean }

const NOT_READY: Record<Exclude<BackupState, 'ready'>, string> = {
  creating: t`The backup is still being made.`,
  deleting: t`The backup is being deleted.`,
  failed: t`The backup is not usable: delete it.`,
  deleted: t`The backup no longer exists.`,
}

const usable = ({ state }: Pick<Backup, 'state'>): Verdict =>
  state === 'ready' ? allowed : refused(NOT_READY[state])

/** What may be done with backups now, and if not, why. Backups outlive their pod. */
export const canBackup = {
  /** @param count those of the pod that are not deleted */
  take: (pod: Pod, count: number, limit: number, quota: QuotaShare): Verdict =>
    pod.state === 'active' ? roomFor('backups', count, limit, quota) : refused(NOT_ACTIVE[pod.state]),
  schedule: (pod: Pod, limit: number): Verdict => {
    if (pod.state !== 'active') return refused(NOT_ACTIVE[pod.state])
    return limit === 0 ? refused(t`Backups are not offered.`) : allowed
  },
  restore: (pod: Pod, backup: Pick<Backup, 'state'>): Verdict =>
    pod.state === 'active' ? usable(backup) : refused(NOT_ACTIVE[pod.state]),
  restoreToNew: usable,
  protect: usable,
  delete: (backup: Backup): Verdict => {
    if (backup.protected) return refused(t`The backup is protected: end its protection first.`)
    return backup.state === 'failed' ? allowed : usable(backup)
  },
} as const

import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'
import { NOT_ACTIVE, type PodState } from './cloudPod.ts'

/** A snapshot's states: what has been proven. `failed`: it could not be made, or not be removed, and still counts. */
export const SNAPSHOT_STATES = ['creating', 'ready', 'deleting', 'failed', 'deleted'] as const
type SnapshotState = (typeof SNAPSHOT_STATES)[number]

type Pod = { state: PodState }
type Snapshot = { state: SnapshotState }

const NOT_READY: Record<Exclude<SnapshotState, 'ready'>, string> = {
  creating: t`The snapshot is still being made.`,
  deleting: t`The snapshot is being deleted.`,
  failed: t`The snapshot is not usable: delete it.`,
  deleted: t`The snapshot no longer exists.`,
}

const ofActive = (pod: Pod, verdict: Verdict): Verdict =>
  pod.state === 'active' ? verdict : refused(NOT_ACTIVE[pod.state])

/** What all pods of a tenant may have together, and have; null: without a limit. */
export type QuotaShare = { limit: number; used: number } | null

const ROOM = {
  snapshots: {
    notOffered: t`Snapshots are not offered.`,
    full: ({ used, limit }: NonNullable<QuotaShare>) =>
      t`The tenant has ${used} snapshots, and its quota allows ${limit}: delete one first.`,
  },
  backups: {
    notOffered: t`Backups are not offered.`,
    full: ({ used, limit }: NonNullable<QuotaShare>) =>
      t`The tenant has ${used} backups, and its quota allows ${limit}: delete one first.`,
  },
}

/** Whether one more of a kind is within what the pod and its tenant may have. */
export function roomFor(what: keyof typeof ROOM, count: number, limit: number, quota: QuotaShare): Verdict {
  if (limit === 0) return refused(ROOM[what].notOffered)
  if (count >= limit) return refused(t`The pod may have ${limit} at most: delete one first.`)
  return quota === null || quota.used < quota.limit ? allowed : refused(ROOM[what].full(quota))
}

/** What may be done with snapshots now, and if not, why. `count`: those of the pod that are not deleted. */
export const canSnapshot = {
  take: (pod: Pod, count: number, limit: number, quota: QuotaShare): Verdict =>
    ofActive(pod, roomFor('snapshots', count, limit, quota)),
  rollback: (pod: Pod, { state }: Snapshot): Verdict =>
    ofActive(pod, state === 'ready' ? allowed : refused(NOT_READY[state])),
  delete: (pod: Pod, { state }: Snapshot): Verdict =>
    ofActive(pod, state === 'ready' || state === 'failed' ? allowed : refused(NOT_READY[state])),
} as const

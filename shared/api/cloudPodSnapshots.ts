import { z } from 'zod'
import { SNAPSHOT_STATES } from '../states/cloudPodSnapshot.ts'
import { id, timestamp } from './common.ts'
import { job } from './provisioning.ts'

const cloudPodSnapshot = z.object({
  id,
  podId: id,
  name: z.string(),
  description: z.string(),
  state: z.enum(SNAPSHOT_STATES),
  problem: z.string().nullable(),
  createdBy: z.string(),
  createdAt: timestamp,
  /** When it was frozen, by the hypervisor's clock. */
  takenAt: timestamp.nullable(),
  rolledBackAt: timestamp.nullable(),
})
export type CloudPodSnapshot = z.infer<typeof cloudPodSnapshot>

/** Of a tenant's quota: how many all of its pods may have together, and have. Null: without a limit. */
export const quotaShare = z.object({ limit: z.number().int(), used: z.number().int() }).nullable()

/** All that are not deleted, the newest first; `limit` is how many a pod may have. */
export const cloudPodSnapshots = z.object({
  items: z.array(cloudPodSnapshot),
  limit: z.number().int(),
  quota: quotaShare,
})
export type CloudPodSnapshots = z.infer<typeof cloudPodSnapshots>

export const snapshotParams = z.object({ id, snapshotId: id })

export const snapshotCreate = z.strictObject({
  name: z.string().trim().min(1).max(60),
  description: z.string().trim().max(500).default(''),
})
export type SnapshotCreate = z.infer<typeof snapshotCreate>

/** A rollback loses what was written since: `hostname` must be the pod's. */
export const snapshotRollback = z.strictObject({ hostname: z.string().max(253) })

export const snapshotAccepted = z.object({ snapshot: cloudPodSnapshot, job })

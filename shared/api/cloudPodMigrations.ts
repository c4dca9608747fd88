import { z } from 'zod'
import { POD_ACTIONS, POD_STATES } from '../states/cloudPod.ts'
import { id, timestamp } from './common.ts'

export const cloudPodMigrate = z.strictObject({
  /** The node to go to, of the same cluster; without one the placement chooses. */
  nodeId: id.nullable().default(null),
})

/** What would be said to a migration that is asked for now. */
export const cloudPodMigrationTargets = z.object({
  /** Why the pod cannot move at all now; null: it can. */
  refusal: z.string().nullable(),
  nodes: z.array(
    z.object({
      id,
      name: z.string(),
      /** Of its memory, with overcommit, that would be reserved with this pod. */
      memoryShare: z.number(),
      /** Pods of the same tenant that it has. */
      ownPods: z.number().int(),
      /** Why it cannot take the pod; null: it can. The first that can is the one that would be chosen. */
      reason: z.string().nullable(),
    }),
  ),
})
export type CloudPodMigrationTargets = z.infer<typeof cloudPodMigrationTargets>

const MIGRATION_STATES = ['moving', 'done', 'failed'] as const

/** How far a node is emptied. */
export const nodeEmptying = z.object({
  nodeId: id,
  node: z.string(),
  /** Since when its pods are moved away; null: they are not. */
  since: timestamp.nullable(),
  /** Pods that have left it since then. */
  moved: z.number().int(),
  /** Pods that it still has. */
  left: z.number().int(),
  /** The brake holds it: unusually many pods would move. A person confirms that on "Queues & workers". */
  held: z.boolean(),
  /** The first of those that are left. */
  pods: z.array(
    z.object({
      id,
      tenantId: id,
      tenant: z.string(),
      hostname: z.string(),
      state: z.enum(POD_STATES),
      action: z.enum(POD_ACTIONS).nullable(),
      /** What became of the last try to move it; null: there was none. */
      migration: z.enum(MIGRATION_STATES).nullable(),
      to: z.string().nullable(),
      problem: z.string().nullable(),
      jobId: id.nullable(),
    }),
  ),
})
export type NodeEmptying = z.infer<typeof nodeEmptying>

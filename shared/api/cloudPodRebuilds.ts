import { z } from 'zod'
import { id, timestamp } from './common.ts'

/** What would be said to a rebuild that is asked for now, and what the pod could be made of. */
export const cloudPodRebuildPreview = z.object({
  /** Why the pod cannot be rebuilt at all now; null: it can. */
  refusal: z.string().nullable(),
  /** How long the present guest is kept, so that one can go back to it. */
  keepHours: z.number().int(),
  blueprints: z.array(
    z.object({
      id,
      name: z.string(),
      /** The pod is made of it now. */
      current: z.boolean(),
      /** Why not this one; null: it can be chosen. */
      reason: z.string().nullable(),
    }),
  ),
})
export type CloudPodRebuildPreview = z.infer<typeof cloudPodRebuildPreview>

/** The host name is repeated: what is on the pod's disks is not there any more afterwards. */
export const cloudPodRebuild = z.strictObject({
  /** Without one, the blueprint that the pod is made of now. */
  blueprintId: id.nullable().default(null),
  hostname: z.string().max(253),
})
export type CloudPodRebuild = z.infer<typeof cloudPodRebuild>

export const cloudPodConfirmed = z.strictObject({ hostname: z.string().max(253) })

/** The guest that a rebuild replaced: off, without a network, until it is destroyed. */
export const keptGuest = z.object({
  state: z.enum(['making', 'kept', 'removing']),
  blueprint: z.object({ id, name: z.string() }),
  /** When it was replaced; null: it is still being made. */
  since: timestamp.nullable(),
  until: timestamp.nullable(),
  /** Why the last attempt to destroy it failed. */
  problem: z.string().nullable(),
})

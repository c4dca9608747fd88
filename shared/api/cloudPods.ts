import { z } from 'zod'
import { POD_ACTIONS, POD_STATES, POWER_STATES } from '../states/cloudPod.ts'
import { hostname, sshKeys } from './billing.ts'
import { keptGuest } from './cloudPodRebuilds.ts'
import { id, listQuery, timestamp } from './common.ts'
import { job, regionName } from './provisioning.ts'

export const cloudPod = z.object({
  id,
  tenantId: id,
  customerId: id.nullable(),
  subscriptionId: id.nullable(),
  hostname: z.string(),
  kind: z.enum(['vm', 'ct']),
  plan: z.object({ id, name: z.string() }),
  blueprint: z.object({ id, name: z.string() }),
  cores: z.number().int(),
  memoryMb: z.number().int(),
  diskGb: z.number().int(),
  state: z.enum(POD_STATES),
  powerState: z.enum(POWER_STATES),
  powerCheckedAt: timestamp.nullable(),
  action: z.enum(POD_ACTIONS).nullable(),
  /** Cores and memory are set, but the running guest has them only after its next restart. */
  pendingRestart: z.boolean(),
  problem: z.string().nullable(),
  addresses: z.array(z.string()),
  /** Of the cluster that it is on. */
  region: z.string().nullable(),
  /** Nobody destroys it before this is taken off. */
  protected: z.boolean(),
  notes: z.string(),
  tags: z.array(z.string()),
  /** The system that sells it, such as WHMCS, and what it calls it; null: nobody but mPanel. */
  soldBy: z.object({ source: z.string(), serviceId: z.string(), externalKey: z.string() }).nullable(),
  version: z.number().int(),
  createdAt: timestamp,
  /** Until when a deleted pod can be undeleted; null: it is not deleted, or gone. */
  recoverableUntil: timestamp.nullable(),
  deletedAt: timestamp.nullable(),
})
export type CloudPod = z.infer<typeof cloudPod>

/** With where it runs: answered only to who may read infrastructure; null for others. */
export const cloudPodDetail = cloudPod.extend({
  /** The second guest of a pod that was or is being rebuilt; null: it has none. */
  keptGuest: keptGuest.nullable(),
  /** How long it would be kept to be undeleted if it was deleted now; 0: not at all. */
  undeleteHours: z.number().int(),
  /** Why it is kept off by a suspension now; null: it is not. `seller`: the system that sells it has begun that. */
  keptOff: z.object({ by: z.enum(['tenant', 'subscription', 'seller']), why: z.string() }).nullable(),
  placement: z
    .object({
      clusterId: id,
      clusterName: z.string(),
      nodeId: id,
      nodeName: z.string(),
      vmid: z.number().int(),
      mac: z.string(),
      /** What was thought of each node when the pod was placed; null for one that was placed before that was kept. */
      judged: z
        .array(
          z.object({
            cluster: z.string(),
            node: z.string(),
            /** Of its memory, with overcommit, that would have been reserved with this pod. */
            memoryShare: z.number(),
            /** Pods of the same tenant that it had. */
            ownPods: z.number().int(),
            /** Why it could not take the pod; null: it could. */
            reason: z.string().nullable(),
          }),
        )
        .nullable(),
    })
    .nullable(),
})
export type CloudPodDetail = z.infer<typeof cloudPodDetail>

export const cloudPodCreate = z.strictObject({
  tenantId: id,
  customerId: id.nullable().default(null),
  planId: id,
  blueprintId: id,
  hostname,
  sshKeys,
  /** Null: wherever there is room. */
  region: regionName.nullable().default(null),
})
export type CloudPodCreate = z.infer<typeof cloudPodCreate>

/** What is not named stays as it is. */
export const cloudPodUpdate = z
  .strictObject({
    protected: z.boolean(),
    notes: z.string().max(5_000),
    tags: z.array(z.string().trim().toLowerCase().min(1).max(40)).max(20),
  })
  .partial()
export type CloudPodUpdate = z.infer<typeof cloudPodUpdate>

/** What is not named stays as it is. Cores, memory in MiB, disk in GiB; a disk only grows. */
const size = {
  cores: z.number().int().min(1).max(512).optional(),
  memoryMb: z.number().int().min(128).max(4_194_304).optional(),
  diskGb: z.number().int().min(1).max(65_536).optional(),
}
export const cloudPodResize = z.strictObject({
  ...size,
  /** Restart the guest when it would have its new size only then. */
  reboot: z.boolean().default(false),
})
export type CloudPodResize = z.infer<typeof cloudPodResize>

const inQuery = (field: z.ZodType<number | undefined>) =>
  z.preprocess((text) => (typeof text === 'string' && text !== '' ? Number(text) : text), field)
export const cloudPodResizeQuery = z.strictObject({
  cores: inQuery(size.cores).optional(),
  memoryMb: inQuery(size.memoryMb).optional(),
  diskGb: inQuery(size.diskGb).optional(),
})

/** What would be said to a resize that is asked for now. */
export const cloudPodResizePreview = z.object({
  refusals: z.array(z.object({ code: z.string(), message: z.string() })),
})
export type CloudPodResizePreview = z.infer<typeof cloudPodResizePreview>

export const cloudPodList = listQuery.extend({
  state: z.enum(POD_STATES).optional(),
  customerId: id.optional(),
  q: z.string().max(253).optional(),
  tag: z.string().max(40).optional(),
  /** The number or the key of a service that another system sells. */
  service: z.string().max(80).optional(),
})

/** The answer of everything that starts work: the resource and the job that does it. */
export const accepted = z.object({ cloudPod, job })

/** Where one can order, as far as that has a name. */
export const regions = z.object({ items: z.array(z.object({ name: z.string() })) })
export type Regions = z.infer<typeof regions>

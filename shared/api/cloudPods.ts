import { z } from 'zod'
import { POD_ACTIONS, POD_STATES, POWER_STATES } from '../states/cloudPod.ts'
import { hostname, sshKeys } from './billing.ts'
import { id, listQuery, timestamp } from './common.ts'
import { job } from './provisioning.ts'

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
  problem: z.string().nullable(),
  addresses: z.array(z.string()),
  version: z.number().int(),
  createdAt: timestamp,
  deletedAt: timestamp.nullable(),
})
export type CloudPod = z.infer<typeof cloudPod>

/** With where it runs: answered only to who may read infrastructure; null for others. */
export const cloudPodDetail = cloudPod.extend({
  placement: z
    .object({
      clusterId: id,
      clusterName: z.string(),
      nodeId: id,
      nodeName: z.string(),
      vmid: z.number().int(),
      mac: z.string(),
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
})
export type CloudPodCreate = z.infer<typeof cloudPodCreate>

export const cloudPodList = listQuery.extend({
  state: z.enum(POD_STATES).optional(),
  customerId: id.optional(),
  q: z.string().max(253).optional(),
})

/** The answer of everything that starts work: the resource and the job that does it. */
export const accepted = z.object({ cloudPod, job })

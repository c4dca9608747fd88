import { z } from 'zod'
import { hostname } from './billing.ts'
import { id } from './common.ts'

/** A guest of a cluster that no pod owns, as the cluster lists it. Memory in MiB, disk in GiB. */
const stranger = z.object({
  vmid: z.number().int(),
  kind: z.enum(['vm', 'ct']),
  name: z.string().nullable(),
  node: z.string(),
  status: z.string(),
  cores: z.number().int(),
  memoryMb: z.number().int(),
  diskGb: z.number().int(),
  tags: z.array(z.string()),
})
export type Stranger = z.infer<typeof stranger>
export const strangers = z.object({ items: z.array(stranger) })
/** Part of a name, a tag, a node, a VMID; or a whole MAC or address, for which every stranger is read. */
export const strangersQuery = z.strictObject({ q: z.string().trim().max(100).optional() })

/** What a pod takes over of a guest: it is proven once more before the guest is marked. */
const guestFacts = z.strictObject({
  node: z.string().min(1).max(100),
  kind: z.enum(['vm', 'ct']),
  mac: z
    .string()
    .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i, 'not a MAC address')
    .meta({ examples: ['bc:24:11:00:00:01'] }),
  cores: z.number().int().min(1).max(512),
  memoryMb: z.number().int().min(16).max(4_194_304),
  diskGb: z.number().int().min(1).max(1_000_000),
  /** Beside its IPv4 address the fixed IPv6 address that it is told: the pod holds both. */
  ipv6: z.ipv6().nullable().default(null),
})
export type GuestFacts = z.infer<typeof guestFacts>

/** One of them, read from its node. */
export const strangerDetail = z.object({
  vmid: z.number().int(),
  name: z.string().nullable(),
  status: z.string(),
  tags: z.array(z.string()),
  /** Null with `problem`: it cannot become a pod as it is. */
  guest: guestFacts.nullable(),
  bridge: z.string().nullable(),
  vlan: z.number().int().nullable(),
  /** What its configuration says; a machine without cloud-init says none. */
  address: z.string().nullable(),
  /** Why it cannot become a pod as it is. */
  problem: z.string().nullable(),
})
export type StrangerDetail = z.infer<typeof strangerDetail>

export const strangerParams = z.strictObject({ id, vmid: z.coerce.number().int().min(100).max(999_999_999) })

export const cloudPodAdopt = z.strictObject({
  clusterId: id,
  vmid: z.number().int().min(100).max(999_999_999),
  guest: guestFacts,
  /** An address of one of the cluster's pools on the guest's bridge and VLAN. */
  address: z.union([z.ipv4(), z.ipv6()]),
  tenantId: id,
  customerId: id.nullable().default(null),
  planId: id,
  /** What the pod is made out of again if its guest is ever lost. */
  blueprintId: id,
  hostname,
})
export type CloudPodAdopt = z.infer<typeof cloudPodAdopt>

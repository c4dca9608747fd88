import { z } from 'zod'
import { id, timestamp } from './common.ts'
import { poolSource, poolSourceRef } from './provisioningSources.ts'

export const ipPool = z.object({
  id,
  clusterId: id,
  name: z.string(),
  network: z.string(),
  gateway: z.string(),
  rangeStart: z.string(),
  rangeEnd: z.string(),
  bridge: z.string(),
  vlan: z.number().int().nullable(),
  dnsServers: z.array(z.string()),
  /** 64: each pod gets a whole /64 of it, and is told the first address in it. Null: single addresses. */
  podPrefix: z.number().int().nullable(),
  /** How many it can give out; null: more than can be used up. */
  size: z.number().nullable(),
  quarantineHours: z.number().int(),
  state: z.enum(['active', 'paused']),
  used: z.number().int(),
  quarantined: z.number().int(),
  /** Kept back by operators. */
  kept: z.number().int(),
  /** Where its addresses are kept: null, here alone. */
  source: poolSource.nullable(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type IpPool = z.infer<typeof ipPool>

/** Those zones in which an address of the pool has a name. */
export const reverseZones = z.object({
  /** Why none can be written, and what to do; null: they can. */
  refusal: z.string().nullable(),
  items: z.array(
    z.object({
      /** In full, such as `2.0.192.in-addr.arpa.` */
      zone: z.string(),
      /** How many names stand in it. */
      names: z.number().int(),
      /** A zone file (RFC 1035) with its SOA and servers. */
      file: z.string(),
    }),
  ),
})
export type ReverseZones = z.infer<typeof reverseZones>

const address = z.union([z.ipv4(), z.ipv6()])
export const ipPoolCreate = z.strictObject({
  clusterId: id,
  name: z.string().trim().min(1).max(100),
  network: z.union([z.cidrv4(), z.cidrv6()]),
  gateway: address,
  rangeStart: address,
  rangeEnd: address,
  bridge: z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/, 'a bridge name such as vmbr0')
    .default('vmbr0'),
  vlan: z.number().int().min(1).max(4094).nullable().default(null),
  dnsServers: z.array(address).max(4).default([]),
  podPrefix: z.literal(64).nullable().default(null),
  quarantineHours: z.number().int().min(0).max(8760).default(24),
  source: poolSourceRef.nullable().default(null),
})

/** What is not named stays. Network, gateway and bridge are in the guests already: another pool has others. */
export const ipPoolUpdate = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    rangeStart: address,
    rangeEnd: address,
    dnsServers: z.array(address).max(4),
    quarantineHours: z.number().int().min(0).max(8760),
    state: z.enum(['active', 'paused']),
  })
  .partial()

/** An address of a pool that is not free. */
const ipAddress = z.object({
  address: z.string(),
  /** `elsewhere`: others hold it in the NetBox of the pool. */
  state: z.enum(['reserved', 'assigned', 'releasing', 'quarantined', 'kept', 'elsewhere']),
  pod: z.object({ id, tenantId: id, hostname: z.string() }).nullable(),
  /** Until when it rests. */
  until: timestamp.nullable(),
  /** Why it is kept back. */
  note: z.string().nullable(),
})
export type IpAddress = z.infer<typeof ipAddress>

export const ipAddressQuery = z.strictObject({
  /** The last address of the page before. */
  after: address.optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
})
export const ipAddresses = z.object({ items: z.array(ipAddress), next: z.string().nullable() })
export type IpAddresses = z.infer<typeof ipAddresses>
export const ipAddressKeep = z.strictObject({ address, note: z.string().trim().min(1).max(200) })
export const ipAddressFree = z.strictObject({ address })

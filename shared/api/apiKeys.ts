import { z } from 'zod'
import { PERMISSIONS } from '../permissions.ts'
import { id, listQuery, timestamp } from './common.ts'

/** What a key can be limited to; calls about what is found through it (a pod's jobs, a customer's notes) follow. */
export const KEY_RESOURCES = ['customer', 'subscription', 'cloudPod'] as const

const resource = z.strictObject({ type: z.enum(KEY_RESOURCES), id })
export type KeyResource = z.infer<typeof resource>

const name = z.string().trim().min(1).max(100)
/** A network, or one address. */
const network = z.union(
  [z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()],
  'a network such as 192.0.2.0/24, or an address',
)

/** A key as it is seen afterwards. `tenantId` null: wherever its owner may. */
export const apiKey = z.object({
  id,
  name,
  /** How the key begins, to find it again where it is used. */
  prefix: z.string(),
  owner: z.object({ id, email: z.string(), name: z.string(), kind: z.enum(['person', 'service']) }),
  tenantId: id.nullable(),
  tenantName: z.string().nullable(),
  scopes: z.array(z.string()),
  resources: z.array(resource),
  allowedNetworks: z.array(z.string()),
  state: z.enum(['active', 'expired', 'revoked']),
  createdAt: timestamp,
  expiresAt: timestamp,
  revokedAt: timestamp.nullable(),
  lastUsedAt: timestamp.nullable(),
  lastUsedIp: z.string().nullable(),
  /** The key that this one was rotated from. */
  replaces: id.nullable(),
  version: z.number().int(),
})
export type ApiKey = z.infer<typeof apiKey>

/** `token` is shown once. */
export const madeApiKey = apiKey.extend({ token: z.string() })
export type MadeApiKey = z.infer<typeof madeApiKey>

const limits = {
  name,
  scopes: z.array(z.enum(PERMISSIONS)).min(1, 'Choose at least one.').max(PERMISSIONS.length),
  resources: z.array(resource).max(50).default([]),
  allowedNetworks: z.array(network).max(50).default([]),
  days: z.number().int().min(1).max(365).default(90),
}
export const apiKeyCreate = z.strictObject({ ...limits, tenantId: id.nullable().default(null) })
/** Of a service account: bound to what the account belongs to. */
export const serviceKeyCreate = z.strictObject(limits)
export const apiKeyUpdate = z.strictObject({ name })
/** The old key works on for the overlap. */
export const apiKeyRotate = z.strictObject({ overlapHours: z.number().int().min(0).max(72).default(24) })

export const ownKeyList = listQuery.omit({ tenantId: true })
export const apiKeyList = listQuery.extend({ userId: id.optional() })

export const serviceAccount = z.object({
  id,
  tenantId: id.nullable(),
  tenantName: z.string().nullable(),
  name,
  description: z.string(),
  state: z.enum(['active', 'disabled']),
  roles: z.array(z.object({ roleId: id, name: z.string() })),
  /** Keys that work now. */
  keys: z.number().int(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type ServiceAccount = z.infer<typeof serviceAccount>

export const serviceAccountCreate = z.strictObject({
  tenantId: id.nullable(),
  name,
  description: z.string().trim().max(500).default(''),
  roleId: id,
})
export const serviceAccountUpdate = z.strictObject({
  name: name.optional(),
  description: z.string().trim().max(500).optional(),
  state: z.enum(['active', 'disabled']).optional(),
})

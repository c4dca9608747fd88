import { z } from 'zod'
import { PERMISSIONS } from '../permissions.ts'
import { ownSession } from './authAccount.ts'
import { id, listQuery, timestamp } from './common.ts'

const permissions = z.array(z.enum(PERMISSIONS)).max(PERMISSIONS.length)

/** A role: built-in ones and those of the platform have no tenant. */
export const role = z.object({
  id,
  tenantId: id.nullable(),
  key: z.string(),
  name: z.string(),
  builtin: z.boolean(),
  permissions: z.array(z.enum(PERMISSIONS)),
  /** Its users can do nothing before they have a second factor. */
  requiresMfa: z.boolean(),
  /** Somebody whom the caller may see holds it. */
  held: z.boolean(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type Role = z.infer<typeof role>

export const roleCreate = z.strictObject({
  tenantId: id.nullable(),
  key: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'small letters, digits and hyphens'),
  name: z.string().trim().min(1).max(200),
  permissions,
  requiresMfa: z.boolean().default(false),
})
/** Of a built-in role only whether it needs a second factor. */
export const roleUpdate = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  permissions: permissions.optional(),
  requiresMfa: z.boolean().optional(),
})
export const roleList = listQuery.extend({ kind: z.enum(['builtin', 'platform', 'tenant']).optional() })

const grant = z.object({
  roleId: id,
  role: z.string(),
  roleName: z.string(),
  tenantId: id.nullable(),
  tenantName: z.string().nullable(),
  requiresMfa: z.boolean(),
})

/** A login. From a tenant only the grants in that tenant are seen. */
export const user = z.object({
  id,
  email: z.string(),
  name: z.string(),
  kind: z.enum(['person', 'service']),
  state: z.enum(['active', 'disabled']),
  /** Whether a log-in needs a second factor beside the password. */
  mfa: z.boolean(),
  /** Of the past year. */
  lastLoginAt: timestamp.nullable(),
  grants: z.array(grant),
  version: z.number().int(),
  createdAt: timestamp,
})
export type User = z.infer<typeof user>

export const userList = listQuery.extend({
  q: z.string().max(200).optional(),
  state: z.enum(['active', 'disabled']).optional(),
  roleId: id.optional(),
})
export const userCreate = z.strictObject({
  email: z.email().max(320),
  name: z.string().trim().min(1).max(200),
  password: z.string().min(12).max(128),
  roleId: id,
  tenantId: id.nullable(),
})
export const userUpdate = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  state: z.enum(['active', 'disabled']).optional(),
})

export const grantBody = z.strictObject({ roleId: id, tenantId: id.nullable() })

export const userSession = ownSession.omit({ current: true })
export type UserSession = z.infer<typeof userSession>

/** Without an id: all of them. */
export const sessionEnd = z.strictObject({ sessionId: id.optional() })

export const explainQuery = z.strictObject({ permission: z.enum(PERMISSIONS), tenantId: id.optional() })
export const explanation = z.object({
  allowed: z.boolean(),
  sentence: z.string(),
  state: z.enum(['active', 'disabled']),
  /** Each grant that is seen, and whether it allows this here. */
  grants: z.array(grant.extend({ inScope: z.boolean(), hasPermission: z.boolean(), sentence: z.string() })),
})
export type Explanation = z.infer<typeof explanation>

import {
  DELEGABLE,
  isBuiltinRole,
  PERMISSIONS,
  ROLE_PERMISSIONS,
  type Permission,
} from '../../../shared/permissions.ts'
import type { Actor } from '../../context.ts'
import type { Thing } from '../../db/tenantScope.ts'
import type { Grant } from '../../db/users.ts'

/** Who asks, with what they may do: platform-wide, and in which tenants. Loaded anew for every request. */
export type Identity = {
  user: { id: string; email: string; name: string }
  actor: Actor
  roles: Grant[]
  platform: ReadonlySet<Permission>
  tenants: ReadonlyMap<string, ReadonlySet<Permission>>
  via: 'session' | 'api_key'
  sessionId: string | null
  /** When a session's user last proved who he is. */
  verifiedAt: Date | null
  hasMfa: boolean
  /** A role needs a second factor and there is none: nothing but its enrolment is allowed. */
  mustEnrol: boolean
  /** Of an API key: the only things its calls may be about. Empty: no such limit. */
  resources: readonly Thing[]
  /** An operator acts under this user's name, from a session of his own. */
  impersonation: {
    by: { id: string; email: string; name: string }
    parentId: string
    reason: string
    readOnly: boolean
    until: Date
  } | null
}

/** When somebody was last seen is written down so often. */
export const TOUCH_MS = 60_000

export const needsMfa = (roles: Grant[]): boolean => roles.some(({ requiresMfa }) => requiresMfa)

/** Whether somebody may do something in a tenant (null: on the platform); the platform's rights hold everywhere. */
export const holds = (
  { platform, tenants }: Pick<Identity, 'platform' | 'tenants'>,
  permission: Permission,
  tenantId: string | null,
): boolean =>
  platform.has(permission) || (tenantId !== null && tenants.get(tenantId)?.has(permission) === true)

/** The tenants where somebody has all of these permissions, or whether `only` is one; null: everywhere. */
export function tenantsWith(
  identity: Identity,
  needed: readonly Permission[],
  only: string | undefined,
): readonly string[] | null {
  const may = (tenantId: string | null) => needed.every((permission) => holds(identity, permission, tenantId))
  if (only !== undefined) return may(only) ? [only] : []
  return may(null) ? null : [...identity.tenants.keys()].filter(may)
}

/** What grants give: platform-wide, and in which tenants. */
export function rightsOf(roles: Grant[]): Pick<Identity, 'roles' | 'platform' | 'tenants'> {
  const platform = new Set<Permission>()
  const tenants = new Map<string, Set<Permission>>()
  for (const role of roles) {
    const permissions = permissionsOf(role)
    const target = role.tenantId === null ? platform : (tenants.get(role.tenantId) ?? new Set<Permission>())
    for (const permission of permissions) target.add(permission)
    if (role.tenantId !== null) tenants.set(role.tenantId, target)
  }
  return { roles, platform, tenants }
}

/** What a role allows where it was granted. A tenant's role never reaches further than tenants may. */
export function permissionsOf(role: Pick<Grant, 'key' | 'permissions' | 'tenantId'>): readonly Permission[] {
  if (role.permissions === null) return isBuiltinRole(role.key) ? ROLE_PERMISSIONS[role.key] : []
  const named = new Set(role.permissions)
  return (role.tenantId === null ? PERMISSIONS : DELEGABLE).filter((permission) => named.has(permission))
}

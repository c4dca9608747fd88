import type { Permission } from '../../shared/permissions.ts'
import type { Scope } from '../context.ts'
import { AppError } from '../errors.ts'
import { holds, type Identity } from '../services/userService.ts'

const missing = (permission: Permission, tenantId?: string | null): AppError =>
  new AppError('forbidden', `You need the permission ${permission} for this.`, {
    details: { permission },
    ...(tenantId === undefined ? {} : { tenantId }),
  })

/**
 * The only way to ask whether somebody may do something. `tenantId` null asks for the platform as a whole.
 * @throws AppError forbidden, with the missing permission's name
 */
export function requirePermission(user: Identity, permission: Permission, tenantId: string | null): void {
  if (!holds(user, permission, tenantId)) throw missing(permission, tenantId)
}

/**
 * The tenants in which somebody may do something: all of them, or a list.
 * @throws AppError forbidden when there is none
 */
export function permittedScope(user: Identity, permission: Permission): Scope {
  if (user.platform.has(permission)) return 'platform'
  const tenants = [...user.tenants].filter(([, permissions]) => permissions.has(permission)).map(([id]) => id)
  if (tenants.length === 0) throw missing(permission)
  return tenants
}

export type Rbac = { requirePermission: typeof requirePermission; permittedScope: typeof permittedScope }

/** What the routes ask. A test that tries the second wall alone gives the server another one. */
export const rbac: Rbac = { requirePermission, permittedScope }

/**
 * Asked before anything else that is not about enrolling.
 * @throws AppError mfa_enrolment_required
 */
export function requireEnrolled({ mustEnrol }: Identity): void {
  if (mustEnrol)
    throw new AppError(
      'mfa_enrolment_required',
      'Your role needs a second step to log in. Set up an authenticator app or a passkey first.',
    )
}

/** Every tenant whose things somebody may know to exist. */
export const visibleScope = (user: Identity): Scope =>
  user.platform.size > 0 ? 'platform' : [...user.tenants.keys()]

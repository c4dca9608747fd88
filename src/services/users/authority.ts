import type { Permission } from '../../../shared/permissions.ts'
import { AppError } from '../../errors.ts'
import type { Identity } from '../userService.ts'

/** What somebody may do in a tenant (null: on the platform), the platform's rights included. */
const heldIn = (identity: Identity, tenantId: string | null): ReadonlySet<Permission> =>
  new Set([...identity.platform, ...(tenantId === null ? [] : (identity.tenants.get(tenantId) ?? []))])

/**
 * Nobody gives what they do not hold.
 * @throws AppError forbidden, naming the first permission that is missing
 */
export function requireHeld(
  identity: Identity,
  permissions: readonly Permission[],
  tenantId: string | null,
): void {
  const held = heldIn(identity, tenantId)
  const permission = permissions.find((one) => !held.has(one))
  if (permission === undefined) return
  throw new AppError('forbidden', `You cannot give the permission ${permission}: you do not hold it here.`, {
    details: { permission },
  })
}

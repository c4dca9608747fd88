import type { Permission } from '../../../shared/permissions.ts'
import { AppError } from '../../errors.ts'
import { holds, type Identity } from '../userService.ts'

/**
 * Nobody gives what they do not hold.
 * @throws AppError forbidden, naming the first permission that is missing
 */
export function requireHeld(
  identity: Pick<Identity, 'platform' | 'tenants'>,
  permissions: readonly Permission[],
  tenantId: string | null,
): void {
  const permission = permissions.find((one) => !holds(identity, one, tenantId))
  if (permission === undefined) return
  throw new AppError('forbidden', `You cannot give the permission ${permission}: you do not hold it here.`, {
    details: { permission },
  })
}

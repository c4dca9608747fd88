import type { Permission } from '../../../shared/permissions.ts'
import { firstMissing } from '../../../shared/states/role.ts'
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
  const permission = firstMissing(permissions, tenantId, (one, where) => holds(identity, one, where))
  if (permission === undefined) return
  throw new AppError('forbidden', `You cannot give the permission ${permission}: you do not hold it here.`, {
    details: { permission },
  })
}

/** SUPER_ADMIN stands above PLATFORM_ADMIN, although both hold every permission. @throws AppError forbidden */
export function requireSuper(identity: Identity): void {
  if (identity.roles.some((held) => held.key === 'SUPER_ADMIN' && held.permissions === null)) return
  throw new AppError('forbidden', 'Only a super administrator decides about super administrators.')
}

/**
 * Of an account that signed up through a tenant's identity provider only this tenant says whose e-mail it has: whoever
 * has it could wait for rights that somebody else gives to that e-mail.
 * @throws AppError invalid_input
 */
export function requireHome(
  { home_tenant_id: home }: { home_tenant_id: string | null },
  tenantId: string | null,
): void {
  if (home === null || home === tenantId) return
  throw new AppError(
    'invalid_input',
    'This account was made by the identity provider of a tenant: it has roles only there.',
  )
}

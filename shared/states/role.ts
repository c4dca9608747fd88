import { t } from '../text.ts'
import { PLATFORM_ROLES, TENANT_ROLES, type Permission } from '../permissions.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'

type Role = {
  key: string
  name: string
  builtin: boolean
  tenantId: string | null
  permissions: readonly Permission[]
}

/** Who would give or take a role: asked by the service to refuse and by the pages to explain. */
export type Giver = {
  may: (permission: Permission, tenantId: string | null) => boolean
  isSuper: boolean
}

/** The roles that everybody in charge of an installation should have a second factor for. */
export const SHOULD_REQUIRE_MFA: readonly string[] = [...PLATFORM_ROLES, 'TENANT_OWNER']

export const isSuper = (role: { key: string; builtin: boolean }): boolean =>
  role.builtin && role.key === 'SUPER_ADMIN'

/** Whether a role belongs there: on the platform (null) or in that tenant. */
export function fitsPlace(role: Omit<Role, 'permissions'>, tenantId: string | null): Verdict {
  if (!role.builtin)
    return role.tenantId === tenantId
      ? allowed
      : refused(t`${role.name} cannot be given there: it belongs to the platform or to another tenant.`)
  const ofTenants = (TENANT_ROLES as readonly string[]).includes(role.key)
  if (ofTenants === (tenantId !== null)) return allowed
  return refused(
    ofTenants
      ? t`${role.name} is a role in a tenant: name the tenant.`
      : t`${role.name} is a role of the platform: it cannot be given in a tenant.`,
  )
}

/** The first permission that somebody does not hold there: nobody gives or takes what they do not hold. */
export const firstMissing = (
  permissions: readonly Permission[],
  tenantId: string | null,
  may: Giver['may'],
): Permission | undefined => permissions.find((one) => !may(one, tenantId))

/** Whether somebody may give this role there, or take it. */
export function canDecideAbout(role: Role, tenantId: string | null, { may, isSuper: above }: Giver): Verdict {
  const fits = fitsPlace(role, tenantId)
  if (!fits.allowed) return fits
  if (!may('users:manage', tenantId)) return refused(t`You need the permission users:manage there.`)
  const missing = firstMissing(role.permissions, tenantId, may)
  if (missing !== undefined)
    return refused(t`It holds the permission ${missing}, which you do not hold here.`)
  if (isSuper(role) && !above)
    return refused(t`Only a super administrator decides about super administrators.`)
  return allowed
}

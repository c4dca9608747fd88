import { DELEGABLE, PLATFORM_ROLES, TENANT_ROLES, type Permission } from '../../../../shared/permissions.ts'
import { isSuper } from '../../../../shared/states/role.ts'
import { t } from '../../../../shared/text.ts'
import type { Role } from '../../api/users.ts'
import { NO_PERMISSION, permits, useSession } from '../../components/session.ts'
import { useGiver } from './giver.ts'

/** Why the viewer cannot change a role, its policy, or one of its permissions; undefined: they can. */
export function useRoleReasons() {
  const { me } = useSession()
  const { isSuper: above } = useGiver()

  const isHeld = (role: Role): boolean => me.roles.some(({ roleId }) => roleId === role.id)

  const change = (role: Role): string | undefined => {
    if (role.builtin) return t`${role.name} is built in. Make a role of your own instead.`
    if (!permits(me, 'roles:manage', role.tenantId)) return NO_PERMISSION('roles:manage')
    return isHeld(role) ? t`You hold this role: somebody else has to change it.` : undefined
  }

  const policy = (role: Role): string | undefined => {
    if (!permits(me, 'roles:manage', role.tenantId))
      return role.builtin ? t`The platform decides this for built-in roles.` : NO_PERMISSION('roles:manage')
    return isSuper(role) && !above
      ? t`Only a super administrator decides about super administrators.`
      : undefined
  }

  const remove = (role: Role): string | undefined =>
    change(role) ?? (role.held ? t`Somebody still holds this role: take it from them first.` : undefined)

  return { isHeld, change, policy, remove, add: useAddReason() }
}

/** Why the viewer cannot put a permission into a role of that place; undefined: they can. */
export function useAddReason() {
  const { me } = useSession()
  return (permission: Permission, tenantId: string | null): string | undefined => {
    if (tenantId !== null && !DELEGABLE.includes(permission))
      return t`A tenant's role cannot hold ${permission}: it concerns the platform.`
    if (!permits(me, permission, tenantId))
      return t`You do not hold ${permission} here, and nobody gives what they do not hold.`
    return undefined
  }
}

export const kindOf = ({ builtin, tenantId }: Role): string =>
  builtin ? t`Built in` : tenantId === null ? t`Of the platform` : t`Of a tenant`

const RANKS: readonly string[] = [...PLATFORM_ROLES, ...TENANT_ROLES]

/** Built-in roles from those who may do most to those who may do least. */
export const ranked = (builtin: Role[]): Role[] =>
  builtin.toSorted((one, other) => RANKS.indexOf(one.key) - RANKS.indexOf(other.key))

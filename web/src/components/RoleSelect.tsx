import { useQuery } from '@tanstack/react-query'
import type { ComponentProps } from 'react'
import { fitsPlace } from '../../../shared/states/role.ts'
import { t } from '../../../shared/text.ts'
import { rolesOfQuery } from '../api/invitations.ts'
import { Select } from '../ui/Field.tsx'
import { useSession } from './session.ts'
import { roleWords } from '../lib/roleWords.ts'

/** One of the roles that the viewer may give in a tenant, or with null on the platform. Belongs into a Field. */
export function RoleSelect({
  tenantId,
  present,
  ...rest
}: ComponentProps<'select'> & {
  tenantId: string | null
  /** The one chosen before, offered also to who could not give it. */
  present?: { id: string; name: string } | null
}) {
  const { me, can } = useSession()
  const roles = useQuery(rolesOfQuery(tenantId))
  const isSuper = me.roles.some(({ key }) => key === 'SUPER_ADMIN')
  const givable = (roles.data?.items ?? []).filter(
    (role) =>
      role.id !== present?.id &&
      fitsPlace(role, tenantId).allowed &&
      (role.key !== 'SUPER_ADMIN' || isSuper) &&
      role.permissions.every((permission) => can(permission, tenantId)),
  )
  const none = roles.error
    ? t`The roles could not be read`
    : roles.isPending
      ? t`Loading roles …`
      : t`Choose a role`
  return (
    <Select {...rest}>
      <option value="">{none}</option>
      {[...(present ? [present] : []), ...givable].map(({ id, name }) => (
        <option key={id} value={id}>
          {roleWords(name)}
        </option>
      ))}
    </Select>
  )
}

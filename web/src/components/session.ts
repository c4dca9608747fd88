import { createContext, useContext } from 'react'
import type { Permission } from '../../../shared/permissions.ts'
import { t } from '../../../shared/text.ts'
import type { Me } from '../api/session.ts'
import { paths } from '../paths.ts'

export const ALL = 'all'

export type Session = {
  me: Me
  /** The tenant in the address; id undefined: all of them. */
  tenant: { slug: string; id: string | undefined; name: string }
  /** Whether the user may do this: in the given tenant, else in the one of the address, else on the platform. */
  can: (permission: Permission, tenantId?: string | null) => boolean
}

export const SessionContext = createContext<Session | null>(null)

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('useSession outside of the shell')
  return session
}

export const isPlatformUser = (me: Me): boolean => me.platform.length > 0

export function permits(me: Me, permission: Permission, tenantId?: string | null): boolean {
  if (me.platform.includes(permission)) return true
  return me.tenants.some((tenant) => tenant.id === tenantId && tenant.permissions.includes(permission))
}

/** Where a user begins: the dashboard of the tenant in the address, or of their own. */
export function homeOf(me: Me, slug?: string) {
  const tenant = slug ?? (isPlatformUser(me) ? ALL : (me.tenants[0]?.slug ?? ALL))
  return paths.dashboard(tenant)
}

/** Where a user who must set up a second factor can do so. */
export const enrolmentOf = (me: Me) => paths.security(homeOf(me).params.tenant)

export const NO_PERMISSION = (permission: Permission): string =>
  t`You do not have the permission ${permission}.`

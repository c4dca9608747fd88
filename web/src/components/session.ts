import { createContext, useContext } from 'react'
import type { Permission } from '../../../shared/permissions.ts'
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

/** Where a user begins: the first list they may read, in the tenant of the address or their own. */
export function homeOf(me: Me, slug?: string) {
  const tenant = slug ?? (isPlatformUser(me) ? ALL : (me.tenants[0]?.slug ?? ALL))
  const tenantId = me.tenants.find((candidate) => candidate.slug === tenant)?.id
  const may = (permission: Permission) => permits(me, permission, tenantId)
  if (may('subscriptions:read')) return paths.subscriptions(tenant)
  if (may('cloudpods:read')) return paths.cloudPods(tenant)
  if (may('customers:read')) return paths.customers(tenant)
  if (may('jobs:read')) return paths.jobs(tenant)
  if (may('users:read')) return paths.users(tenant)
  if (may('audit:read')) return paths.audit(tenant)
  return paths.security(tenant)
}

/** Where a user who must set up a second factor can do so. */
export const enrolmentOf = (me: Me) => paths.security(homeOf(me).params.tenant)

export const NO_PERMISSION = (permission: Permission): string =>
  `You do not have the permission ${permission}.`

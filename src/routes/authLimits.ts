import { PEOPLE_ONLY } from '../../shared/permissions.ts'
import { AppError } from '../errors.ts'
import type { Identity } from '../services/userService.ts'
import type { Route } from './define.ts'

/**
 * A key that is limited to named things calls only what names one thing in its address. Which one, is asked once the
 * address is read.
 * @throws AppError forbidden
 */
export function requireAboutOneThing({ access, forLimitedKeys }: Route, { resources }: Identity): void {
  if (resources.length === 0 || forLimitedKeys) return
  if (typeof access === 'object' && access.where.in === 'object') return
  throw new AppError(
    'forbidden',
    'This API key is limited to certain things: it calls only what names one of them in the address, no lists.',
  )
}

/**
 * What nobody does under another's name, by one rule for all rows: what only a person in a session may do, what needs a
 * fresh proof, what removes something, what concerns users, roles and keys, and what says so itself. A read-only one
 * changes nothing at all.
 * @throws AppError forbidden
 */
export function requireOwnName(route: Route, { impersonation }: Identity): void {
  if (!impersonation || route.whileImpersonating) return
  if (impersonation.readOnly && route.method !== 'GET')
    throw refused('You are only looking as this user: nothing can be changed.')
  const { access } = route
  const isAboutUsers =
    typeof access === 'object' && route.method !== 'GET' && PEOPLE_ONLY.includes(access.permission)
  const isTheirs =
    route.sessionOnly || route.stepUp || route.answersSecret || route.notWhileImpersonating || isAboutUsers
  if (isTheirs || route.method === 'DELETE')
    throw refused('You act under another name: only the user can do this. Stop first to do it as yourself.')
}

const refused = (message: string): AppError =>
  new AppError('forbidden', message, { details: { impersonating: true } })

import type { Explanation } from '../../../shared/api/users.ts'
import type { Permission } from '../../../shared/permissions.ts'
import type { Ctx } from '../../context.ts'
import * as admin from '../../db/userAdmin.ts'
import { notFound } from '../../errors.ts'
import { grantAllows } from './accounts.ts'

type Weighed = admin.GrantRow & { inScope: boolean; hasPermission: boolean }

/**
 * Why a user may do something in a tenant (none: on the platform) or not. It speaks of the grants that the caller
 * sees: a tenant is not told what somebody may do on the platform.
 * @throws AppError not_found
 */
export async function explain(
  ctx: Ctx,
  userId: string,
  { permission, tenantId = null }: { permission: Permission; tenantId?: string | null | undefined },
): Promise<Explanation> {
  if (ctx.scope !== 'platform' && (tenantId === null || !ctx.scope.includes(tenantId)))
    throw notFound('tenant')
  const user = await admin.find(ctx.tx, ctx.scope, userId)
  if (!user) throw notFound('user')
  const rows = await admin.grantsOf(ctx.tx, ctx.scope, [userId], ctx.now())
  const grants = rows.map((grant) => ({
    ...grant,
    inScope: grant.tenantId === null || grant.tenantId === tenantId,
    hasPermission: grantAllows(grant).includes(permission),
  }))
  const obstacle = obstacleOf(user, grants)
  const giving = grants.filter((grant) => grant.inScope && grant.hasPermission && grant.inForce)
  return {
    allowed: obstacle === undefined && giving.length > 0,
    sentence: obstacle ?? verdict(permission, giving, grants),
    state: user.state,
    grants: grants.map((grant) => ({ ...grant, sentence: weighing(grant, permission) })),
  }
}

/** What stops a user whatever their roles give. */
function obstacleOf({ state, mfa }: admin.UserRow, grants: Weighed[]): string | undefined {
  if (state !== 'active') return `The user is ${state}, and so may do nothing at all.`
  const strict = grants.find((grant) => grant.requiresMfa && grant.inForce)
  if (strict && !mfa)
    return `Denied: ${strict.roleName} needs a second factor, and the user has none. Until one is set up nothing else is allowed.`
  return undefined
}

const placeOf = ({ tenantName }: Weighed): string => tenantName ?? 'the platform'

function verdict(permission: Permission, giving: Weighed[], all: Weighed[]): string {
  const names = giving.map((grant) => `${grant.roleName} (${placeOf(grant)})`).join(', ')
  if (giving.length > 0) return `Allowed: ${permission} is given by ${names}.`
  const holding = all.filter((grant) => grant.hasPermission)
  if (holding.some((grant) => grant.inScope))
    return `Denied: ${permission} is held, but the tenant is not active, and so nothing counts in it.`
  if (holding.length > 0)
    return `Denied: ${permission} is held only elsewhere: ${holding.map(placeOf).join(', ')}.`
  return all.length === 0
    ? 'Denied: the user holds no role.'
    : `Denied: none of the roles held gives ${permission}.`
}

/** What one grant does for what was asked. */
function weighing(grant: Weighed, permission: Permission): string {
  if (!grant.hasPermission) return `Does not give ${permission}.`
  if (!grant.inScope) return `Gives ${permission}, but only in ${placeOf(grant)}.`
  if (!grant.inForce) return `Would give ${permission}, but ${placeOf(grant)} is not active.`
  return grant.tenantId === null ? `Gives ${permission}, here and everywhere.` : `Gives ${permission} here.`
}

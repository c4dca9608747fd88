import type { Explanation } from '../../../shared/api/users.ts'
import type { Permission } from '../../../shared/permissions.ts'
import type { Ctx } from '../../context.ts'
import * as admin from '../../db/userAdmin.ts'
import { notFound } from '../../errors.ts'
import { grantAllows } from './accounts.ts'

/**
 * Why a user may do something in a tenant (none: on the platform) or not. It speaks of the grants that the caller
 * sees: a tenant is not told what somebody may do on the platform.
 * @throws AppError not_found
 */
export async function explain(
  ctx: Ctx,
  userId: string,
  asked: { permission: Permission; tenantId?: string | undefined },
): Promise<Explanation> {
  const tenantId = asked.tenantId ?? null
  if (ctx.scope !== 'platform' && (tenantId === null || !ctx.scope.includes(tenantId)))
    throw notFound('tenant')
  const user = await admin.find(ctx.tx, ctx.scope, userId)
  if (!user) throw notFound('user')
  const rows = await admin.grantsOf(ctx.tx, ctx.scope, [userId], ctx.now())
  const grants = rows.map((grant) => ({
    ...grant,
    inScope: grant.tenantId === null || grant.tenantId === tenantId,
    hasPermission: grantAllows(grant).includes(asked.permission),
  }))
  const giving = grants.filter((grant) => grant.inScope && grant.hasPermission)
  const allowed = user.state === 'active' && giving.length > 0
  return {
    allowed,
    sentence: sentence(user.state, asked.permission, giving, grants),
    state: user.state,
    grants,
  }
}

type Weighed = Explanation['grants'][number]

function sentence(state: string, permission: Permission, giving: Weighed[], all: Weighed[]): string {
  const names = giving.map((grant) => `${grant.roleName} (${grant.tenantName ?? 'the platform'})`).join(', ')
  if (state !== 'active') return `The user is ${state}, and so may do nothing at all.`
  if (giving.length > 0) return `Allowed: ${permission} is given by ${names}.`
  const elsewhere = all.filter((grant) => grant.hasPermission).map((grant) => grant.tenantName)
  if (elsewhere.length > 0) return `Denied: ${permission} is held only elsewhere: ${elsewhere.join(', ')}.`
  return all.length === 0
    ? 'Denied: the user holds no role.'
    : `Denied: none of the roles held gives ${permission}.`
}

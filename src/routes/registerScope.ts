import type { FastifyRequest } from 'fastify'
import type { Permission } from '../../shared/permissions.ts'
import type { Ctx } from '../context.ts'
import type { Rbac } from '../middleware/rbac.ts'
import * as tenantScopeService from '../services/tenantScopeService.ts'
import * as userService from '../services/userService.ts'
import type { Identity } from '../services/userService.ts'
import type { Route, TableRoute } from './define.ts'

/** Finds the tenant the call is about, asks for the permission there, and limits the transaction to it. */
export async function narrowed(
  wide: Ctx,
  { access, method, whileSuspended }: Pick<TableRoute, 'access' | 'method' | 'whileSuspended'>,
  request: FastifyRequest,
  identity: Identity,
  rbac: Rbac,
): Promise<{ ctx: Ctx; tenantId: string }> {
  if (access === 'authenticated') return { ctx: wide, tenantId: '' }
  const { permission, where } = access
  if (where.in === 'platform') return { ctx: wide, tenantId: '' }
  if (where.in === 'any') {
    const scope = rbac.permittedScope(identity, permission)
    return { ctx: await tenantScopeService.limitTo(wide, scope), tenantId: '' }
  }
  if (where.in === 'list') {
    const { tenantId } = (request.query ?? {}) as { tenantId?: string }
    const permitted = rbac.permittedScope(identity, permission)
    const scope = await tenantScopeService.listScope(wide, permitted, tenantId)
    return { ctx: await tenantScopeService.limitTo(wide, scope), tenantId: '' }
  }
  if (where.in === 'own') {
    const { tenantId } = (request.query ?? {}) as { tenantId?: string }
    const scope = await tenantScopeService.listScope(
      wide,
      rbac.permittedScope(identity, permission),
      tenantId,
    )
    return within(wide, tenantScopeService.onlyOne(scope), method, { permission, identity, rbac })
  }
  if (where.in === 'object') {
    const { id } = request.params as { id: string }
    await userService.requireNamed(wide, identity, { type: where.kind, id })
  }
  const tenantId = await tenantOfCall(wide, where, request)
  rbac.requirePermission(identity, permission, tenantId)
  const ctx = await tenantScopeService.limitTo(wide, tenantId === null ? 'platform' : [tenantId])
  if (tenantId !== null && method !== 'GET') {
    if (whileSuspended) await tenantScopeService.requireNotGone(ctx, tenantId)
    else await tenantScopeService.requireActive(ctx, tenantId)
  }
  return { ctx, tenantId: tenantId ?? '' }
}

/** The permission is asked for in the tenant, and the transaction limited to it. */
async function within(
  wide: Ctx,
  tenantId: string,
  method: Route['method'],
  { permission, identity, rbac }: { permission: Permission; identity: Identity; rbac: Rbac },
): Promise<{ ctx: Ctx; tenantId: string }> {
  rbac.requirePermission(identity, permission, tenantId)
  const ctx = await tenantScopeService.limitTo(wide, [tenantId])
  if (method !== 'GET') await tenantScopeService.requireActive(ctx, tenantId)
  return { ctx, tenantId }
}

async function tenantOfCall(
  ctx: Ctx,
  where:
    | { in: 'object'; kind: tenantScopeService.TenantThing }
    | { in: 'body'; field: string; kind: tenantScopeService.TenantThing },
  request: FastifyRequest,
): Promise<string | null> {
  const source = (where.in === 'object' ? request.params : request.body) as Record<string, string | null>
  const id = source[where.in === 'object' ? 'id' : where.field] ?? null
  return id === null ? null : tenantScopeService.ownerOf(ctx, where.kind, id)
}

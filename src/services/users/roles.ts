import type { z } from 'zod'
import type { Role, roleCreate, roleUpdate } from '../../../shared/api/users.ts'
import { DELEGABLE, type Permission } from '../../../shared/permissions.ts'
import { isSuper } from '../../../shared/states/role.ts'
import type { Ctx } from '../../context.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import * as roles from '../../db/userRoles.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import { permissionsOf, type Identity } from '../userService.ts'
import { requireHeld, requireSuper } from './authority.ts'

/** What a role's row allows; built-in ones take it from the code. */
export const allowedBy = (row: roles.RoleRow): readonly Permission[] =>
  permissionsOf({
    key: row.key,
    tenantId: row.tenant_id,
    permissions: row.builtin ? null : row.permissions,
  })

const present = (row: roles.RoleRow): Role => ({
  id: row.id,
  tenantId: row.tenant_id,
  key: row.key,
  name: row.name,
  builtin: row.builtin,
  permissions: [...allowedBy(row)],
  requiresMfa: row.requires_mfa,
  held: row.held,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

/** Built-in roles, and the custom ones of the tenants in scope. */
export async function listRoles(ctx: Ctx, filter: Parameters<typeof roles.list>[2], options: ListOptions) {
  const page = await roles.list(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function getRole(ctx: Ctx, id: string): Promise<Role> {
  const row = await roles.find(ctx.tx, ctx.scope, id)
  if (!row) throw notFound('role')
  return present(row)
}

/** @throws AppError invalid_input for what is no tenant's business, forbidden for what the caller does not hold */
function requireGivable(
  identity: Identity,
  permissions: readonly Permission[],
  tenantId: string | null,
): void {
  const foreign = tenantId === null ? undefined : permissions.find((one) => !DELEGABLE.includes(one))
  if (foreign !== undefined)
    throw new AppError('invalid_input', `A tenant's role cannot hold ${foreign}: it concerns the platform.`)
  requireHeld(identity, permissions, tenantId)
}

/**
 * Makes a role of a tenant, or of the platform (tenantId null).
 * @throws AppError already_exists for the key, and those of `requireGivable`
 */
export async function createRole(
  ctx: Ctx,
  identity: Identity,
  body: z.infer<typeof roleCreate>,
): Promise<Role> {
  requireGivable(identity, body.permissions, body.tenantId)
  const id = newId()
  const now = ctx.now()
  await roles
    .insert(ctx.tx, {
      id,
      tenant_id: body.tenantId,
      key: body.key,
      name: body.name,
      requires_mfa: body.requiresMfa,
      created_at: now,
      updated_at: now,
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'roles_key') throw error
      throw new AppError('already_exists', `There is already a role ${body.key}. Choose another key.`)
    })
  await roles.setPermissions(ctx.tx, id, [...new Set(body.permissions)])
  await auditService.record(ctx, {
    action: 'ROLE_CREATED',
    tenantId: body.tenantId,
    target: { type: 'role', id, label: body.name },
    details: { permissions: body.permissions, requiresMfa: body.requiresMfa },
  })
  return getRole(ctx, id)
}

/** @throws AppError not_found, invalid_state for a built-in role, forbidden for one that the caller holds */
async function lockForChange(ctx: Ctx, identity: Identity, id: string): Promise<roles.RoleRow> {
  const row = await roles.lock(ctx.tx, ctx.scope, id)
  if (!row) throw notFound('role')
  if (row.builtin)
    throw new AppError('invalid_state', `${row.name} is built in. Make a role of your own instead.`)
  if (identity.roles.some((held) => held.roleId === id))
    throw new AppError('forbidden', 'You hold this role: somebody else has to change it.')
  return row
}

/**
 * For whether a role needs a second factor: that may be decided about every role, also by those who hold it. Whoever
 * has none himself is then held to it as well.
 * @throws AppError not_found, forbidden for the super administrators' role
 */
async function lockForPolicy(ctx: Ctx, identity: Identity, id: string): Promise<roles.RoleRow> {
  const row = await roles.lock(ctx.tx, ctx.scope, id)
  if (!row) throw notFound('role')
  if (isSuper(row)) requireSuper(identity)
  return row
}

/**
 * Changes a custom role, or of any role whether it needs a second factor; it holds from the next request of everybody
 * who has it.
 * @throws AppError precondition_failed, and those of `lockForChange`, `lockForPolicy` and `requireGivable`
 */
export async function updateRole(
  ctx: Ctx,
  identity: Identity,
  id: string,
  body: z.infer<typeof roleUpdate>,
  version?: number,
): Promise<Role> {
  const isPolicy = body.requiresMfa !== undefined && body.name === undefined && body.permissions === undefined
  const before = await (isPolicy ? lockForPolicy : lockForChange)(ctx, identity, id)
  requireVersion(before.version, version)
  const had = allowedBy(before)
  const added = body.permissions?.filter((permission) => !had.includes(permission)) ?? []
  requireGivable(identity, added, before.tenant_id)
  await roles.update(ctx.tx, id, {
    name: body.name,
    requires_mfa: body.requiresMfa,
    updated_at: ctx.now(),
  })
  if (body.permissions) await roles.setPermissions(ctx.tx, id, [...new Set(body.permissions)])
  const after = await getRole(ctx, id)
  await auditService.record(ctx, {
    action: 'ROLE_UPDATED',
    tenantId: before.tenant_id,
    target: { type: 'role', id, label: after.name },
    diff: {
      ...auditService.diffOf(
        { name: before.name, requiresMfa: before.requires_mfa },
        { name: body.name, requiresMfa: body.requiresMfa },
      ),
      ...(body.permissions ? { permissions: [had, after.permissions] } : {}),
    },
  })
  return after
}

/** @throws AppError invalid_state while somebody holds it or gets it by signing up, and those of `lockForChange` */
export async function deleteRole(ctx: Ctx, identity: Identity, id: string): Promise<void> {
  const row = await lockForChange(ctx, identity, id)
  if (await roles.isHeld(ctx.tx, id))
    throw new AppError('invalid_state', 'Somebody still holds this role: take it from them first.')
  if (await roles.isPromised(ctx.tx, id))
    throw new AppError(
      'invalid_state',
      'An identity provider gives this role to who signs up: choose another there.',
    )
  await roles.remove(ctx.tx, id)
  await auditService.record(ctx, {
    action: 'ROLE_DELETED',
    tenantId: row.tenant_id,
    target: { type: 'role', id, label: row.name },
  })
}

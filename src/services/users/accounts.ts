import type { z } from 'zod'
import type { grantBody, User, userCreate, userUpdate } from '../../../shared/api/users.ts'
import { fitsPlace, isSuper } from '../../../shared/states/role.ts'
import type { Ctx, Scope } from '../../context.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import * as admin from '../../db/userAdmin.ts'
import * as roles from '../../db/userRoles.ts'
import * as serviceAccounts from '../../db/userServiceAccounts.ts'
import * as users from '../../db/users.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { hashPassword } from '../../lib/password.ts'
import { passwordFault } from '../../lib/passwordRules.ts'
import * as auditService from '../auditService.ts'
import { permissionsOf, type Identity } from '../userService.ts'
import { requireHeld, requireHome, requireSuper } from './authority.ts'
import { allowedBy } from './roles.ts'

const present = (row: admin.UserRow, grants: admin.GrantRow[]): User => ({
  id: row.id,
  email: row.email,
  name: row.name,
  kind: row.kind,
  state: row.state,
  mfa: row.mfa,
  lastLoginAt: row.last_login_at?.toISOString() ?? null,
  grants,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

/** The users in scope: of tenants, those who were granted something there. */
export async function listUsers(ctx: Ctx, filter: admin.UserFilter, options: ListOptions) {
  const page = await admin.list(ctx.tx, ctx.scope, filter, options)
  const ids = page.items.map((row) => row.id)
  const grants = await admin.grantsOf(ctx.tx, ctx.scope, ids, ctx.now())
  return {
    items: page.items.map((row) =>
      present(
        row,
        grants.filter((grant) => grant.userId === row.id),
      ),
    ),
    nextCursor: page.nextCursor,
  }
}

/** @throws AppError not_found */
export async function getUser(ctx: Ctx, id: string): Promise<User> {
  const row = await admin.find(ctx.tx, ctx.scope, id)
  if (!row) throw notFound('user')
  return present(row, await admin.grantsOf(ctx.tx, ctx.scope, [id], ctx.now()))
}

/**
 * Adds a person with a first password and one role. Only the platform does: whether an e-mail is taken is no tenant's
 * business.
 * @throws AppError already_exists for the e-mail, invalid_input for a password that is too easy, and those of
 * `requireGrantable`
 */
export async function createUser(
  ctx: Ctx,
  identity: Identity,
  body: z.infer<typeof userCreate>,
): Promise<User> {
  const role = await requireGrantable(ctx, identity, body)
  const fault = passwordFault(body.password, body)
  if (fault !== undefined)
    throw new AppError('invalid_input', fault, { errors: [{ path: 'password', message: fault }] })
  const id = newId()
  const now = ctx.now()
  await users
    .insert(ctx.tx, {
      id,
      email: body.email.toLowerCase(),
      name: body.name,
      password_hash: await hashPassword(body.password),
      created_at: now,
      updated_at: now,
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'users_email') throw error
      throw new AppError('already_exists', `There is already a user with the e-mail ${body.email}.`)
    })
  const grant = { userId: id, roleId: role.id, tenantId: body.tenantId }
  await admin.insertGrant(ctx.tx, { ...grant, id: newId(), by: identity.user.id, at: now })
  await auditService.record(ctx, {
    action: 'USER_CREATED',
    tenantId: body.tenantId,
    target: { type: 'user', id, label: body.email },
    details: { role: role.key },
  })
  return getUser(ctx, id)
}

/**
 * The role, locked, if it fits the place and the caller may give it there.
 * @throws AppError not_found for the role, invalid_input when it does not fit, forbidden
 */
export async function requireGrantable(
  ctx: Ctx,
  identity: Identity,
  { roleId, tenantId }: z.infer<typeof grantBody>,
): Promise<roles.RoleRow> {
  const role = await roles.lock(ctx.tx, ctx.scope, roleId)
  if (!role) throw notFound('role')
  const fits = fitsPlace({ ...role, tenantId: role.tenant_id }, tenantId)
  if (!fits.allowed) throw new AppError('invalid_input', fits.reason)
  requireHeld(identity, allowedBy(role), tenantId)
  if (isSuper(role)) requireSuper(identity)
  return role
}

/** The roles of which one holder always stays. */
const isLastNeeded = (role: { key: string; builtin: boolean }): boolean =>
  role.builtin && (role.key === 'SUPER_ADMIN' || role.key === 'TENANT_OWNER')

/** @throws AppError invalid_state */
async function requireOther(
  ctx: Ctx,
  userId: string,
  role: { id: string; name: string },
  tenantId: string | null,
): Promise<void> {
  if (await admin.hasOtherHolder(ctx.tx, { userId, roleId: role.id, tenantId }, ctx.now())) return
  throw new AppError('invalid_state', `This is the last ${role.name}: give the role to somebody else first.`)
}

/** @throws AppError invalid_input */
async function requireAtHome(ctx: Ctx, userId: string, tenantId: string | null): Promise<void> {
  const account = await serviceAccounts.find(ctx.tx, ctx.scope, userId, ctx.now())
  if (account && account.tenant_id === tenantId) return
  throw new AppError('invalid_input', 'A service account has roles only in the place that it belongs to.')
}

/**
 * Gives a user a role, or takes it away. Giving what they have, and taking what they have not, changes nothing.
 * @param visible whose users the caller may see: a tenant only those who were granted something in it
 * @throws AppError forbidden for oneself and for what one does not hold, not_found, invalid_input, invalid_state
 * for the last owner of a tenant and the last super administrator
 */
export async function changeGrant(
  ctx: Ctx,
  identity: Identity,
  userId: string,
  body: z.infer<typeof grantBody>,
  change: 'give' | 'take',
): Promise<User> {
  const { tenantId } = body
  const visible: Scope = identity.platform.has('users:manage') ? 'platform' : ctx.scope
  const user = await admin.lock(ctx.tx, visible, userId)
  if (!user) throw notFound('user')
  if (userId === identity.user.id)
    throw new AppError('forbidden', 'Nobody changes their own roles: ask somebody else.')
  const role = await requireGrantable(ctx, identity, body)
  if (change === 'give') requireHome(user, tenantId)
  if (change === 'give' && user.kind === 'service') await requireAtHome(ctx, userId, tenantId)
  const grant = { userId, roleId: role.id, tenantId }
  if (change === 'take' && isLastNeeded(role)) await requireOther(ctx, userId, role, tenantId)
  const changed =
    change === 'give'
      ? await admin.insertGrant(ctx.tx, { ...grant, id: newId(), by: identity.user.id, at: ctx.now() })
      : await admin.deleteGrant(ctx.tx, grant)
  if (changed)
    await auditService.record(ctx, {
      action: change === 'give' ? 'ROLE_GRANTED' : 'ROLE_TAKEN',
      tenantId,
      target: { type: 'user', id: userId, label: user.email },
      details: { role: role.key },
    })
  return present(user, await admin.grantsOf(ctx.tx, ctx.scope, [userId], ctx.now()))
}

/**
 * Changes a user's name or state; a disabled one is logged out at once. Only for users with no more rights than the
 * caller's.
 * @throws AppError not_found, precondition_failed, forbidden, invalid_state for the last owner or super administrator
 */
export async function updateUser(
  ctx: Ctx,
  identity: Identity,
  id: string,
  body: z.infer<typeof userUpdate>,
  version?: number,
): Promise<User> {
  const before = await admin.lock(ctx.tx, ctx.scope, id)
  if (!before) throw notFound('user')
  requireVersion(before.version, version)
  const disables = body.state === 'disabled' && before.state === 'active'
  if (disables && id === identity.user.id)
    throw new AppError('forbidden', 'Nobody disables themselves: ask somebody else.')
  await requireAbove(ctx, identity, id, disables)
  await admin.update(ctx.tx, id, { ...body, updated_at: ctx.now() })
  if (disables) await admin.endSessions(ctx.tx, id, ctx.now())
  await auditService.record(ctx, {
    action: disables ? 'USER_DISABLED' : 'USER_UPDATED',
    tenantId: null,
    target: { type: 'user', id, label: before.email },
    diff: auditService.diffOf<Record<string, unknown>>(before, body),
  })
  return getUser(ctx, id)
}

/** @throws AppError forbidden when the user has rights that the caller has not, invalid_state as `requireOther` */
export async function requireAbove(
  ctx: Ctx,
  identity: Identity,
  userId: string,
  disables: boolean,
): Promise<void> {
  for (const grant of await admin.grantsOf(ctx.tx, ctx.scope, [userId], ctx.now())) {
    const role = { id: grant.roleId, key: grant.role, name: grant.roleName, builtin: grant.builtin }
    requireHeld(identity, grantAllows(grant), grant.tenantId)
    if (isSuper(role)) requireSuper(identity)
    if (disables && isLastNeeded(role)) await requireOther(ctx, userId, role, grant.tenantId)
  }
}

export const grantAllows = (grant: admin.GrantRow) =>
  permissionsOf({
    key: grant.role,
    tenantId: grant.roleTenantId,
    permissions: grant.builtin ? null : grant.permissions,
  })

import type { z } from 'zod'
import type {
  ApiKey,
  MadeApiKey,
  ServiceAccount,
  serviceAccountCreate,
  serviceAccountUpdate,
  serviceKeyCreate,
} from '../../../shared/api/apiKeys.ts'
import type { Page } from '../../../shared/api/common.ts'
import type { Ctx } from '../../context.ts'
import type { ListOptions } from '../../db/list.ts'
import * as admin from '../../db/userAdmin.ts'
import * as keys from '../../db/userKeys.ts'
import * as accounts from '../../db/userServiceAccounts.ts'
import * as users from '../../db/users.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import { rightsOf, type Identity } from '../userService.ts'
import { grantAllows, requireAbove, requireGrantable } from './accounts.ts'
import {
  createFor,
  present as presentKey,
  requireResources,
  requireScopes,
  revoke,
  rotate,
} from './apiKeys.ts'

const present = (row: accounts.AccountRow): ServiceAccount => ({
  id: row.id,
  tenantId: row.tenant_id,
  tenantName: row.tenant_name,
  name: row.name,
  description: row.description,
  state: row.state,
  roles: row.roles,
  keys: row.keys,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

const target = (row: { id: string; name: string }) => ({ type: 'user', id: row.id, label: row.name })

export async function listServiceAccounts(ctx: Ctx, options: ListOptions): Promise<Page<ServiceAccount>> {
  const page = await accounts.list(ctx.tx, ctx.scope, ctx.now(), options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function getServiceAccount(ctx: Ctx, id: string): Promise<ServiceAccount> {
  const row = await accounts.find(ctx.tx, ctx.scope, id, ctx.now())
  if (!row) throw notFound('service account')
  return present(row)
}

/**
 * Makes a user for a program: without a password, and so without sessions, with one role.
 * @throws AppError those of `requireGrantable`, invalid_input for a role that needs a second factor
 */
export async function createServiceAccount(
  ctx: Ctx,
  identity: Identity,
  body: z.infer<typeof serviceAccountCreate>,
): Promise<ServiceAccount> {
  const { tenantId } = body
  const role = await requireGrantable(ctx, identity, { roleId: body.roleId, tenantId })
  if (role.requires_mfa) throw needsPerson(role.name)
  const id = newId()
  const now = ctx.now()
  await users.insert(ctx.tx, {
    id,
    // Nobody can receive mail there: the name is reserved for that.
    email: `service-${id}@service.invalid`,
    name: body.name,
    kind: 'service',
    password_hash: null,
    created_at: now,
    updated_at: now,
  })
  const by = identity.user.id
  await accounts.insert(ctx.tx, {
    id,
    tenant_id: tenantId,
    description: body.description,
    created_by: by,
    created_at: now,
    updated_at: now,
  })
  await admin.insertGrant(ctx.tx, { id: newId(), userId: id, roleId: role.id, tenantId, by, at: now })
  await auditService.record(ctx, {
    action: 'SERVICE_ACCOUNT_CREATED',
    tenantId,
    target: target({ id, name: body.name }),
    details: { role: role.key },
  })
  return getServiceAccount(ctx, id)
}

const needsPerson = (role: string): AppError =>
  new AppError(
    'invalid_input',
    `${role} needs a second factor, which a program cannot have: give it another role.`,
    { errors: [{ path: 'roleId', message: 'This role needs a second factor.' }] },
  )

/**
 * Changes or disables a service account; the keys of a disabled one are refused.
 * @throws AppError not_found, precondition_failed, forbidden for one with more rights than the caller's
 */
export async function updateServiceAccount(
  ctx: Ctx,
  identity: Identity,
  id: string,
  body: z.infer<typeof serviceAccountUpdate>,
  version?: number,
): Promise<ServiceAccount> {
  const before = await accounts.lock(ctx.tx, ctx.scope, id, ctx.now())
  if (!before) throw notFound('service account')
  requireVersion(before.version, version)
  await requireAbove(ctx, identity, id, false)
  const { description, ...ofUser } = body
  const at = { updated_at: ctx.now() }
  await accounts.update(ctx.tx, id, { ...at, ...(description === undefined ? {} : { description }) })
  await admin.update(ctx.tx, id, { ...ofUser, ...at })
  await auditService.record(ctx, {
    action: 'SERVICE_ACCOUNT_UPDATED',
    tenantId: before.tenant_id,
    target: target(before),
    diff: auditService.diffOf<Record<string, unknown>>(before, body),
  })
  return getServiceAccount(ctx, id)
}

/**
 * Removes a service account: its keys are revoked, its roles taken. What it did stays under its name.
 * @throws AppError not_found, forbidden for one with more rights than the caller's
 */
export async function deleteServiceAccount(ctx: Ctx, identity: Identity, id: string): Promise<void> {
  const before = await accounts.lock(ctx.tx, ctx.scope, id, ctx.now())
  if (!before) throw notFound('service account')
  await requireAbove(ctx, identity, id, false)
  const now = ctx.now()
  const revoked = await keys.revoke(ctx.tx, { userId: id }, now)
  await accounts.takeAll(ctx.tx, id)
  await admin.update(ctx.tx, id, { state: 'disabled', updated_at: now })
  await accounts.update(ctx.tx, id, { deleted_at: now, updated_at: now })
  await auditService.record(ctx, {
    action: 'SERVICE_ACCOUNT_DELETED',
    tenantId: before.tenant_id,
    target: target(before),
    details: { keysRevoked: revoked },
  })
}

/**
 * Makes a key of a service account, where that belongs.
 * @throws AppError not_found, those of `requireScopes` for what the caller or the account does not hold, and those of
 * `requireResources`
 */
export async function createServiceKey(
  ctx: Ctx,
  identity: Identity,
  id: string,
  body: z.infer<typeof serviceKeyCreate>,
): Promise<MadeApiKey> {
  const account = await accounts.lock(ctx.tx, ctx.scope, id, ctx.now())
  if (!account) throw notFound('service account')
  await requireHeldByBoth(ctx, identity, account, body.scopes)
  await requireResources(ctx, body.resources, account.tenant_id)
  return createFor(ctx, account, identity, { ...body, tenantId: account.tenant_id })
}

async function requireHeldByBoth(
  ctx: Ctx,
  identity: Identity,
  { id, tenant_id }: { id: string; tenant_id: string | null },
  scopes: readonly string[],
): Promise<void> {
  // Of the platform: what the caller holds in single tenants is not enough.
  const caller = tenant_id === null ? { platform: identity.platform, tenants: new Map() } : identity
  requireScopes(caller, scopes, tenant_id, 'you')
  const grants = await admin.grantsOf(ctx.tx, ctx.scope, [id], ctx.now())
  const roles = grants.map((grant) => ({
    roleId: grant.roleId,
    key: grant.role,
    name: grant.roleName,
    tenantId: grant.tenantId,
    requiresMfa: grant.requiresMfa,
    permissions: [...grantAllows(grant)],
  }))
  requireScopes(rightsOf(roles), scopes, tenant_id, 'the account')
}

/** The keys that are bound to the tenants in scope; on the platform all. */
export async function listKeys(
  ctx: Ctx,
  filter: { userId?: string | undefined },
  options: ListOptions,
): Promise<Page<ApiKey>> {
  const page = await keys.list(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map((row) => presentKey(row, ctx.now())), nextCursor: page.nextCursor }
}

/** Ends any key at once. @throws AppError not_found, invalid_state for one that was revoked */
export async function revokeKey(ctx: Ctx, id: string): Promise<void> {
  const key = await keys.lock(ctx.tx, id)
  if (!key) throw notFound('API key')
  await revoke(ctx, key)
}

/**
 * A new key of a service account in place of an old one. A person's key is rotated by that person.
 * @throws AppError not_found, forbidden for a person's key and for scopes the caller does not hold, invalid_state
 */
export async function rotateServiceKey(
  ctx: Ctx,
  identity: Identity,
  id: string,
  overlapHours: number,
): Promise<MadeApiKey> {
  const key = await keys.lock(ctx.tx, id)
  if (!key) throw notFound('API key')
  if (key.kind !== 'service')
    throw new AppError('forbidden', 'Only its owner rotates this key. You can revoke it.')
  await requireHeldByBoth(ctx, identity, { id: key.user_id, tenant_id: key.tenant_id }, key.scopes)
  return rotate(ctx, identity, key, overlapHours)
}

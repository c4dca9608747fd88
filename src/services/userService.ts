import type { Me } from '../../shared/api/auth.ts'
import {
  DELEGABLE,
  isBuiltinRole,
  PEOPLE_ONLY,
  PERMISSIONS,
  PLATFORM_ROLES,
  ROLE_PERMISSIONS,
  TENANT_ROLES,
  type Permission,
} from '../../shared/permissions.ts'
import type { Actor, Ctx, Root } from '../context.ts'
import { violatedConstraint } from '../db/index.ts'
import * as users from '../db/users.ts'
import type { Grant } from '../db/users.ts'
import { AppError } from '../errors.ts'
import { randomToken, sha256 } from '../lib/crypto.ts'
import { newId } from '../lib/ids.ts'
import { hashPassword } from '../lib/password.ts'
import { passwordFault } from '../lib/passwordRules.ts'
import * as auditService from './auditService.ts'
import * as settingsService from './tenantSettingsService.ts'
import * as tenantScopeService from './tenantScopeService.ts'

/** Who asks, with what they may do: platform-wide, and in which tenants. Loaded anew for every request. */
export type Identity = {
  user: { id: string; email: string; name: string }
  actor: Actor
  roles: Grant[]
  platform: ReadonlySet<Permission>
  tenants: ReadonlyMap<string, ReadonlySet<Permission>>
  via: 'session' | 'api_key'
  sessionId: string | null
  /** When a session's user last proved who he is. */
  verifiedAt: Date | null
  hasMfa: boolean
  /** A role needs a second factor and there is none: nothing but its enrolment is allowed. */
  mustEnrol: boolean
}

/** A session that is not used for so long is over. */
export const IDLE_MS = 30 * 60_000
const TOUCH_MS = 60_000

/** Ends the session of this identity. */
export async function logout(ctx: Ctx, identity: Identity): Promise<void> {
  if (identity.sessionId === null) return
  await users.revokeSession(ctx.tx, identity.sessionId, ctx.now())
  // The event belongs to no tenant, and somebody of a tenant works within theirs.
  await auditService.record(await tenantScopeService.limitTo(ctx, 'platform'), {
    action: 'LOGOUT',
    tenantId: null,
    target: { type: 'user', id: identity.user.id, label: identity.user.email },
  })
}

/**
 * The identity behind a session cookie, or undefined.
 * @param counts whether this is something the user does: a page that is only open does not keep its session alive
 */
export async function identifySession(
  root: Root,
  token: string,
  counts: { asActivity: boolean } = { asActivity: true },
): Promise<Identity | undefined> {
  const now = root.now()
  const session = await users.findSession(root.db, sha256(token), now, IDLE_MS)
  if (!session) return undefined
  if (counts.asActivity && now.getTime() - session.last_seen_at.getTime() > TOUCH_MS)
    await root.db.transaction('platform', (tx) => users.touchSession(tx, session.id, now))
  const user = { id: session.user_id, email: session.email, name: session.name }
  return {
    user,
    actor: { type: 'user', id: user.id, label: user.email },
    ...rightsOf(session.grants),
    via: 'session',
    sessionId: session.id,
    verifiedAt: session.verified_at,
    hasMfa: session.has_mfa,
    mustEnrol: !session.has_mfa && needsMfa(session.grants),
  }
}

/** The identity behind an API key: its scopes, as far as its owner still has them. */
export async function identifyApiKey(
  root: Root,
  token: string,
  ip: string | undefined,
): Promise<Identity | undefined> {
  const now = root.now()
  const key = await users.findApiKey(root.db, sha256(token), now, ip)
  if (!key) return undefined
  if (key.last_used_at === null || now.getTime() - key.last_used_at.getTime() > TOUCH_MS)
    await root.db.transaction('platform', (tx) => users.touchApiKey(tx, key.id, now))
  const rights = rightsOf(key.grants)
  const scopes = new Set(key.scopes.filter((scope) => !PEOPLE_ONLY.some((never) => never === scope)))
  const within = (permissions: ReadonlySet<Permission>) =>
    new Set([...permissions].filter((permission) => scopes.has(permission)))
  const bound = key.tenant_id
  const tenants =
    bound === null
      ? new Map([...rights.tenants].map(([id, permissions]) => [id, within(permissions)]))
      : new Map([[bound, within(new Set([...rights.platform, ...(rights.tenants.get(bound) ?? [])]))]])
  return {
    user: { id: key.user_id, email: key.email, name: key.user_name },
    actor: { type: 'api_key', id: key.id, label: `${key.name} (${key.email})` },
    roles: rights.roles,
    platform: bound === null ? within(rights.platform) : new Set<Permission>(),
    tenants,
    via: 'api_key',
    sessionId: null,
    verifiedAt: null,
    hasMfa: key.has_mfa,
    mustEnrol: !key.has_mfa && needsMfa(key.grants),
  }
}

const needsMfa = (roles: Grant[]): boolean => roles.some(({ requiresMfa }) => requiresMfa)

/** Whether somebody may do something in a tenant (null: on the platform); the platform's rights hold everywhere. */
export const holds = (
  { platform, tenants }: Pick<Identity, 'platform' | 'tenants'>,
  permission: Permission,
  tenantId: string | null,
): boolean =>
  platform.has(permission) || (tenantId !== null && tenants.get(tenantId)?.has(permission) === true)

/** What grants give: platform-wide, and in which tenants. */
export function rightsOf(roles: Grant[]): Pick<Identity, 'roles' | 'platform' | 'tenants'> {
  const platform = new Set<Permission>()
  const tenants = new Map<string, Set<Permission>>()
  for (const role of roles) {
    const permissions = permissionsOf(role)
    const target = role.tenantId === null ? platform : (tenants.get(role.tenantId) ?? new Set<Permission>())
    for (const permission of permissions) target.add(permission)
    if (role.tenantId !== null) tenants.set(role.tenantId, target)
  }
  return { roles, platform, tenants }
}

/** What a role allows where it was granted. A tenant's role never reaches further than tenants may. */
export function permissionsOf(role: Pick<Grant, 'key' | 'permissions' | 'tenantId'>): readonly Permission[] {
  if (role.permissions === null) return isBuiltinRole(role.key) ? ROLE_PERMISSIONS[role.key] : []
  const named = new Set(role.permissions)
  return (role.tenantId === null ? PERMISSIONS : DELEGABLE).filter((permission) => named.has(permission))
}

/** What the pages need to know about their user. */
export async function me(ctx: Ctx, identity: Identity): Promise<Me> {
  const tenants = await users.tenantsOf(ctx.tx, [...identity.tenants.keys()])
  const brandings = await settingsService.brandingsOf(
    ctx,
    tenants.map((tenant) => tenant.id),
  )
  return {
    user: identity.user,
    roles: identity.roles,
    platform: [...identity.platform],
    tenants: tenants.map((tenant) => ({
      ...tenant,
      permissions: [...(identity.tenants.get(tenant.id) ?? [])],
      branding: brandings.get(tenant.id) ?? {
        name: 'mPanel',
        colour: null,
        supportAddress: null,
        logo: null,
      },
    })),
    mfa: identity.hasMfa,
    mustEnrol: identity.mustEnrol,
    simulated: [...ctx.settings.simulated],
  }
}

/**
 * Adds a user with one role, for the platform or in one tenant.
 * @throws AppError already_exists for the e-mail, invalid_input for an unknown role or a password that is too easy
 */
export async function createUser(
  ctx: Ctx,
  user: { email: string; name: string; password: string; role: string; tenantId: string | null },
): Promise<{ id: string }> {
  requireRoleFits(user.role, user.tenantId)
  const fault = passwordFault(user.password, user)
  if (fault !== undefined) throw new AppError('invalid_input', fault)
  const id = newId()
  const now = ctx.now()
  await users
    .insert(ctx.tx, {
      id,
      email: user.email.toLowerCase(),
      name: user.name,
      password_hash: await hashPassword(user.password),
      created_at: now,
      updated_at: now,
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'users_email') throw error
      throw new AppError('already_exists', `There is already a user with the e-mail ${user.email}.`)
    })
  const granted = await users.grant(ctx.tx, {
    id: newId(),
    userId: id,
    role: user.role,
    tenantId: user.tenantId,
    at: now,
  })
  if (!granted) throw new AppError('invalid_input', `There is no role ${user.role}.`)
  await auditService.record(ctx, {
    action: 'USER_CREATED',
    tenantId: user.tenantId,
    target: { type: 'user', id, label: user.email },
    details: { role: user.role },
  })
  return { id }
}

/** A platform role within a tenant, or a tenant's role over all of them, would grant what nobody meant. */
function requireRoleFits(role: string, tenantId: string | null): void {
  const ofPlatform = (PLATFORM_ROLES as readonly string[]).includes(role)
  const ofTenants = (TENANT_ROLES as readonly string[]).includes(role)
  if (ofPlatform && tenantId !== null)
    throw new AppError('invalid_input', `${role} is a role of the platform, not of a tenant.`)
  if (ofTenants && tenantId === null)
    throw new AppError('invalid_input', `${role} is a role in a tenant: name the tenant.`)
}

const KEY_DAYS = 90
const DAY_MS = 86_400_000

/**
 * Makes an API key for a user.
 * @returns the key, shown once and stored only as a hash
 * @throws AppError not_found for the user, invalid_input for an unknown scope
 */
export async function createApiKey(
  ctx: Ctx,
  key: { email: string; name: string; scopes: readonly string[]; tenantId: string | null; days?: number },
): Promise<{ token: string; expiresAt: Date }> {
  const owner = await users.findByEmail(ctx.tx, key.email)
  if (!owner) throw new AppError('not_found', `There is no user with the e-mail ${key.email}.`)
  const known = new Set<string>(PERMISSIONS)
  const unknown = key.scopes.filter((scope) => !known.has(scope))
  if (unknown.length > 0) throw new AppError('invalid_input', `Unknown scopes: ${unknown.join(', ')}.`)
  const prefix = randomToken(6).replace(/[-_]/g, 'x')
  const token = `mp_${prefix}_${randomToken()}`
  const expiresAt = new Date(ctx.now().getTime() + (key.days ?? KEY_DAYS) * DAY_MS)
  const id = newId()
  await users.insertApiKey(ctx.tx, {
    id,
    prefix: `mp_${prefix}`,
    token_hash: sha256(token),
    name: key.name,
    user_id: owner.id,
    tenant_id: key.tenantId,
    scopes: [...(key.scopes.length > 0 ? key.scopes : PERMISSIONS)],
    created_at: ctx.now(),
    expires_at: expiresAt,
  })
  await auditService.record(ctx, {
    action: 'API_KEY_CREATED',
    tenantId: key.tenantId,
    target: { type: 'apiKey', id, label: key.name },
    details: { owner: owner.email, scopes: key.scopes },
  })
  return { token, expiresAt }
}

export const anyUser = (ctx: Ctx): Promise<boolean> => users.anyUser(ctx.tx)

/** @throws AppError not_found */
export async function tenantBySlug(ctx: Ctx, slug: string): Promise<string> {
  const tenant = await users.tenantBySlug(ctx.tx, slug)
  if (!tenant) throw new AppError('not_found', `There is no tenant with the slug ${slug}.`)
  return tenant.id
}

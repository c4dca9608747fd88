import type { Me } from '../../shared/api/auth.ts'
import { LANGUAGES } from '../../shared/languages.ts'
import { PLATFORM_ROLES, TENANT_ROLES } from '../../shared/permissions.ts'
import type { Ctx, Root } from '../context.ts'
import { violatedConstraint } from '../db/index.ts'
import * as users from '../db/users.ts'
import { AppError } from '../errors.ts'
import { sha256 } from '../lib/crypto.ts'
import { newId } from '../lib/ids.ts'
import { hashPassword } from '../lib/password.ts'
import { passwordFault } from '../lib/passwordRules.ts'
import * as auditService from './auditService.ts'
import * as settingsService from './tenantSettingsService.ts'
import * as tenantScopeService from './tenantScopeService.ts'
import { impersonated, stopImpersonation } from './users/impersonation.ts'
import { needsMfa, rightsOf, TOUCH_MS, type Identity } from './users/rights.ts'

export { createApiKey, identifyApiKey } from './users/apiKeys.ts'
export {
  endImpersonations,
  listImpersonations,
  startImpersonation,
  stopImpersonation,
} from './users/impersonation.ts'
export { createOwnKey, listOwnKeys, renameOwnKey, revokeOwnKey, rotateOwnKey } from './users/ownKeys.ts'
export { isNamed, requireNamed } from './users/keyLimits.ts'
export { holds, permissionsOf, rightsOf, tenantsWith, type Identity } from './users/rights.ts'

/** A session that is not used for so long is over. */
export const IDLE_MS = 30 * 60_000

/** Ends the session of this identity; an operator's who acts under another name together with his own. */
export async function logout(ctx: Ctx, identity: Identity): Promise<void> {
  if (identity.sessionId === null) return
  const { impersonation } = identity
  if (impersonation) await stopImpersonation(ctx, identity)
  await users.revokeSession(ctx.tx, impersonation?.parentId ?? identity.sessionId, ctx.now())
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
  const hash = sha256(token)
  const session =
    (await users.findSession(root.db, 'token', hash, now, IDLE_MS)) ??
    // What a second tab sent before it had the cookie of a fresh proof.
    (await users.findSession(root.db, 'previousToken', hash, now, IDLE_MS))
  return identityOf(root, session, now, counts)
}

/** The identity behind a session in which something was begun that still goes on, or undefined when it has ended. */
export async function identifyAgain(
  root: Root,
  sessionId: string,
  counts: { asActivity: boolean },
): Promise<Identity | undefined> {
  const now = root.now()
  return identityOf(root, await users.findSession(root.db, 'id', sessionId, now, IDLE_MS), now, counts)
}

async function identityOf(
  root: Root,
  session: users.FoundSession | undefined,
  now: Date,
  counts: { asActivity: boolean },
): Promise<Identity | undefined> {
  if (!session) return undefined
  if (counts.asActivity && now.getTime() - session.last_seen_at.getTime() > TOUCH_MS)
    await root.db.transaction('platform', (tx) => users.touchSession(tx, session.id, now))
  const user = { id: session.user_id, email: session.email, name: session.name }
  const identity: Identity = {
    user,
    actor: { type: 'user', id: user.id, label: user.email },
    ...rightsOf(session.grants),
    via: 'session',
    sessionId: session.id,
    verifiedAt: session.verified_at,
    hasMfa: session.has_mfa,
    mustEnrol: !session.has_mfa && !session.sso_mfa && needsMfa(session.grants),
    resources: [],
    impersonation: null,
  }
  return impersonated(identity, session)
}

/** What the pages need to know about their user. */
export async function me(ctx: Ctx, identity: Identity): Promise<Me> {
  const tenants = await users.tenantsOf(ctx.tx, [...identity.tenants.keys()])
  const brandings = await settingsService.brandingsOf(
    ctx,
    tenants.map((tenant) => tenant.id),
  )
  const { hasPassword, language } = await users.aboutSelf(ctx.tx, identity.user.id)
  return {
    user: { ...identity.user, language: LANGUAGES.find((one) => one === language) ?? null },
    hasPassword,
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
    impersonation: identity.impersonation && {
      by: { email: identity.impersonation.by.email, name: identity.impersonation.by.name },
      reason: identity.impersonation.reason,
      readOnly: identity.impersonation.readOnly,
      until: identity.impersonation.until.toISOString(),
    },
    simulated: [...ctx.settings.simulated],
    clock: ctx.clock && { aheadMs: ctx.clock.aheadMs },
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
  if (!granted)
    throw new AppError(
      'invalid_input',
      `There is no role ${user.role}. Built in are ${[...PLATFORM_ROLES, ...TENANT_ROLES].join(', ')}.`,
    )
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

export const anyUser = (ctx: Ctx): Promise<boolean> => users.anyUser(ctx.tx)

/** @throws AppError not_found */
export async function tenantBySlug(ctx: Ctx, slug: string): Promise<string> {
  const tenant = await users.tenantBySlug(ctx.tx, slug)
  if (!tenant) throw new AppError('not_found', `There is no tenant with the slug ${slug}.`)
  return tenant.id
}

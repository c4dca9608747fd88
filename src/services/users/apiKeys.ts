import type { z } from 'zod'
import type { ApiKey, apiKeyCreate, KeyResource, MadeApiKey } from '../../../shared/api/apiKeys.ts'
import { PEOPLE_ONLY, PERMISSIONS, type Permission } from '../../../shared/permissions.ts'
import type { Ctx, Root } from '../../context.ts'
import * as keys from '../../db/userKeys.ts'
import * as users from '../../db/users.ts'
import { AppError, notFound } from '../../errors.ts'
import { randomToken, sha256 } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import { holds, needsMfa, rightsOf, TOUCH_MS, type Identity } from './rights.ts'

const KEY_DAYS = 90
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

type NewKey = {
  owner: { id: string; email: string }
  name: string
  scopes: readonly string[]
  tenantId: string | null
  lifeMs: number
  resources?: readonly KeyResource[]
  allowedNetworks?: readonly string[]
  createdBy: string | null
  replaces?: string
}

/** The identity behind an API key: its scopes, as far as its owner still has them. */
export async function identifyApiKey(
  root: Root,
  token: string,
  ip: string | undefined,
): Promise<Identity | undefined> {
  const now = root.now()
  const key = await keys.identify(root.db, sha256(token), now, ip)
  if (!key) return undefined
  const isNews = key.last_used_at === null || key.last_used_ip !== (ip ?? null)
  if (isNews || now.getTime() - (key.last_used_at?.getTime() ?? 0) > TOUCH_MS)
    await root.db.transaction('platform', (tx) => keys.touch(tx, key.id, now, ip))
  const rights = rightsOf(key.grants)
  const scopes = new Set(key.scopes.filter((scope) => !isForPeople(scope)))
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
    resources: key.resources,
    impersonation: null,
  }
}

const isForPeople = (scope: string): boolean => PEOPLE_ONLY.some((never) => never === scope)

/**
 * Makes an API key for a user, from the command line.
 * @returns the key, shown once and stored only as a hash
 * @throws AppError not_found for the user, invalid_input for an unknown scope
 */
export async function createApiKey(
  ctx: Ctx,
  key: {
    email: string
    name: string
    scopes: readonly string[]
    tenantId: string | null
    days?: number | undefined
    resources?: readonly KeyResource[]
  },
): Promise<{ id: string; token: string; expiresAt: Date }> {
  const owner = await users.findByEmail(ctx.tx, key.email)
  if (!owner) throw new AppError('not_found', `There is no user with the e-mail ${key.email}.`)
  const known = new Set<string>(PERMISSIONS)
  const unknown = key.scopes.filter((scope) => !known.has(scope))
  if (unknown.length > 0) throw new AppError('invalid_input', `Unknown scopes: ${unknown.join(', ')}.`)
  const scopes = key.scopes.length > 0 ? key.scopes : PERMISSIONS
  return make(ctx, { ...key, owner, scopes, lifeMs: (key.days ?? KEY_DAYS) * DAY_MS, createdBy: null })
}

/** Writes a key and its event. `ctx` must reach the key's tenant, or the platform. */
async function make(ctx: Ctx, key: NewKey): Promise<{ id: string; token: string; expiresAt: Date }> {
  const prefix = `mp_${randomToken(6).replace(/[-_]/g, 'x')}`
  const token = `${prefix}_${randomToken()}`
  const expiresAt = new Date(ctx.now().getTime() + key.lifeMs)
  const id = newId()
  await keys.insert(ctx.tx, {
    id,
    prefix,
    token_hash: sha256(token),
    name: key.name,
    user_id: key.owner.id,
    tenant_id: key.tenantId,
    scopes: [...new Set(key.scopes)],
    resources: [...(key.resources ?? [])],
    allowed_cidrs: [...(key.allowedNetworks ?? [])],
    created_by: key.createdBy,
    replaces: key.replaces ?? null,
    created_at: ctx.now(),
    expires_at: expiresAt,
  })
  await auditService.record(ctx, {
    action: key.replaces === undefined ? 'API_KEY_CREATED' : 'API_KEY_ROTATED',
    tenantId: key.tenantId,
    target: { type: 'apiKey', id, label: key.name },
    details: {
      owner: key.owner.email,
      scopes: key.scopes,
      resources: key.resources ?? [],
      allowedNetworks: key.allowedNetworks ?? [],
      expiresAt: expiresAt.toISOString(),
      ...(key.replaces === undefined ? {} : { replaces: key.replaces }),
    },
  })
  return { id, token, expiresAt }
}

export function present(row: keys.KeyRow, now: Date): ApiKey {
  const state = row.revoked_at ? 'revoked' : row.expires_at <= now ? 'expired' : 'active'
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    owner: { id: row.user_id, email: row.email, name: row.user_name, kind: row.kind },
    tenantId: row.tenant_id,
    tenantName: row.tenant_name,
    scopes: row.scopes,
    resources: row.resources as KeyResource[],
    allowedNetworks: row.networks,
    state,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    revokedAt: row.revoked_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    lastUsedIp: row.last_used_ip,
    replaces: row.replaces,
    version: row.version,
  }
}

type Holder = Pick<Identity, 'platform' | 'tenants'>

/**
 * A key gets what its owner holds where it works, and nothing that only people do.
 * @throws AppError invalid_input for the latter, forbidden for what the owner does not hold there
 */
export function requireScopes(
  { platform, tenants }: Holder,
  scopes: readonly string[],
  tenantId: string | null,
  who: 'you' | 'the account',
): void {
  const forPeople = scopes.find(isForPeople)
  if (forPeople !== undefined)
    throw invalid('scopes', `${forPeople} is for people only: no API key can have it.`)
  const places = tenantId === null ? [null, ...tenants.keys()] : [tenantId]
  const held = (scope: string) =>
    places.some((place) => holds({ platform, tenants }, scope as Permission, place))
  const missing = scopes.find((scope) => !held(scope))
  if (missing === undefined) return
  const message =
    who === 'you'
      ? `A key cannot have ${missing}: you do not hold it there.`
      : `A key cannot have ${missing}: the account does not hold it there.`
  throw new AppError('forbidden', message, { details: { permission: missing } })
}

/** @throws AppError invalid_input for a thing that is not there, or not in the key's tenant */
export async function requireResources(
  ctx: Ctx,
  resources: readonly KeyResource[],
  tenantId: string | null,
): Promise<void> {
  for (const [index, { type, id }] of resources.entries()) {
    const owner = await tenantScopeService.ownerOf(ctx, type, id).catch((error: unknown) => {
      if (error instanceof AppError) return undefined
      throw error
    })
    if (owner === undefined || (tenantId !== null && owner !== tenantId))
      throw invalid(`resources.${index}.id`, 'There is no such thing where the key works.')
  }
}

const invalid = (path: string, message: string): AppError =>
  new AppError('invalid_input', message, { errors: [{ path, message }] })

/** Writes a key whose limits were checked, and reads it back. */
export async function createFor(
  ctx: Ctx,
  owner: { id: string; email: string },
  by: Identity,
  body: z.infer<typeof apiKeyCreate>,
): Promise<MadeApiKey> {
  const { days, ...key } = body
  return shown(ctx, await make(ctx, { ...key, owner, lifeMs: days * DAY_MS, createdBy: by.user.id }))
}

async function shown(ctx: Ctx, { id, token }: { id: string; token: string }): Promise<MadeApiKey> {
  const row = await keys.find(ctx.tx, id)
  if (!row) throw notFound('API key')
  return { ...present(row, ctx.now()), token }
}

/** @throws AppError invalid_state */
export async function revoke(ctx: Ctx, key: keys.KeyRow): Promise<void> {
  if ((await keys.revoke(ctx.tx, { id: key.id }, ctx.now())) === 0)
    throw new AppError('invalid_state', 'This key was revoked before.')
  await auditService.record(ctx, {
    action: 'API_KEY_REVOKED',
    tenantId: key.tenant_id,
    target: { type: 'apiKey', id: key.id, label: key.name },
    details: { owner: key.email },
  })
}

/** The new key has the limits of the old one, and as long a life as that was given. @throws AppError invalid_state */
export async function rotate(
  ctx: Ctx,
  by: Identity,
  key: keys.KeyRow,
  overlapHours: number,
): Promise<MadeApiKey> {
  const now = ctx.now()
  if (present(key, now).state !== 'active')
    throw new AppError('invalid_state', 'This key does not work any more: make a new one.')
  if (key.rotated) throw new AppError('invalid_state', 'This key was rotated before: use the newer one.')
  await keys.endBy(ctx.tx, key.id, new Date(now.getTime() + overlapHours * HOUR_MS))
  const made = await make(ctx, {
    owner: { id: key.user_id, email: key.email },
    name: key.name,
    scopes: key.scopes,
    tenantId: key.tenant_id,
    resources: key.resources as KeyResource[],
    allowedNetworks: key.networks,
    lifeMs: key.expires_at.getTime() - key.created_at.getTime(),
    createdBy: by.user.id,
    replaces: key.id,
  })
  return shown(ctx, made)
}

import type { z } from 'zod'
import type { SsoProvider, ssoProviderCreate, ssoProviderUpdate } from '../../../shared/api/authSso.ts'
import { transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import * as db from '../../db/authSso.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import type { OidcConnection } from '../../integrations/oidc/types.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as userAdmissionService from '../userAdmissionService.ts'
import { holds, type Identity } from '../userService.ts'
import { faultOf } from '../domainProofs.ts'
import { decide, keepDomains, shownProofs, target } from './ssoDomains.ts'

const purposeOf = (id: string): string => `sso-provider:${id}`
const redirectOf = ({ settings }: Root, id: string): string =>
  `${settings.publicUrl}/api/auth/sso/${id}/callback`

const present = (root: Root, row: db.ProviderRow): SsoProvider => ({
  id: row.id,
  tenantId: row.tenant_id,
  name: row.name,
  issuer: row.issuer,
  clientId: row.client_id,
  hasSecret: row.client_secret !== null,
  domains: row.domains,
  domainProofs: shownProofs(row),
  enabled: row.enabled,
  enforced: row.enforced,
  breakGlass:
    row.enforced && row.break_glass_user_id !== null && row.break_glass_email !== null
      ? { id: row.break_glass_user_id, email: row.break_glass_email }
      : null,
  trustsMfa: row.trusts_mfa,
  signUpRole:
    row.sign_up_role_id !== null && row.sign_up_role_name !== null
      ? { id: row.sign_up_role_id, name: row.sign_up_role_name }
      : null,
  redirectUri: redirectOf(root, row.id),
  checkedAt: row.checked_at?.toISOString() ?? null,
  checkFault: row.check_fault,
  version: row.version,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})

/** How mPanel is known at a provider, its secret opened. */
export const connectionOf = (root: Root, row: db.ProviderRow): OidcConnection => ({
  issuer: row.issuer,
  clientId: row.client_id,
  clientSecret: row.client_secret === null ? null : root.sealer.open(row.client_secret, purposeOf(row.id)),
  redirectUri: redirectOf(root, row.id),
})

export async function listSsoProviders(
  ctx: Ctx,
  filter: { only?: 'platform' | undefined },
  options: ListOptions,
) {
  const page = await db.listProviders(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map((row) => present(ctx, row)), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function getSsoProvider(ctx: Ctx, id: string): Promise<SsoProvider> {
  return present(ctx, await found(ctx, id))
}

async function found(ctx: Ctx, id: string): Promise<db.ProviderRow> {
  const row = await db.findProvider(ctx.tx, id)
  if (!row) throw notFound('identity provider')
  return row
}

/**
 * @throws AppError already_exists for a domain, invalid_state without an owner to leave out, invalid_input, and those of
 * `signUpBy`
 */
export async function createSsoProvider(
  ctx: Ctx,
  identity: Identity,
  body: z.output<typeof ssoProviderCreate>,
): Promise<SsoProvider> {
  const id = newId()
  const now = ctx.now()
  await db.insertProvider(ctx.tx, {
    id,
    tenant_id: body.tenantId,
    name: body.name,
    issuer: body.issuer,
    client_id: body.clientId,
    client_secret: body.clientSecret === null ? null : ctx.sealer.seal(body.clientSecret, purposeOf(id)),
    enabled: body.enabled,
    enforced: body.enforced,
    break_glass_user_id: body.enforced ? await ownerLeftOut(ctx, body.tenantId) : null,
    trusts_mfa: body.trustsMfa,
    ...(await signUpBy(ctx, identity, body)),
    created_at: now,
    updated_at: now,
  })
  await keepDomains(ctx, { id, tenantId: body.tenantId }, body.domains)
  const { clientSecret, tenantId, ...shown } = body
  await auditService.record(ctx, {
    action: 'SSO_PROVIDER_CREATED',
    tenantId,
    target: target(id, body.name),
    details: { ...shown, hasSecret: clientSecret !== null },
  })
  return getSsoProvider(ctx, id)
}

/**
 * Who lets people sign up gives them a role, and so must be allowed to. The same goes for whoever changes anything else
 * of such a provider: another issuer or domain is another answer to who gets the role.
 * @throws AppError invalid_input without a domain, forbidden, and those of `requireGrantable`
 */
async function signUpBy(
  ctx: Ctx,
  identity: Identity,
  of: { signUpRoleId: string | null; tenantId: string | null; domains: readonly string[] },
): Promise<{ sign_up_role_id: string | null; sign_up_by: string | null }> {
  const { signUpRoleId: roleId, tenantId, domains } = of
  if (roleId === null) return { sign_up_role_id: null, sign_up_by: null }
  if (domains.length === 0) {
    const message = 'Name the e-mail domains of the people who may sign up.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'domains', message }] })
  }
  const permission = 'users:manage'
  if (!holds(identity, permission, tenantId))
    throw new AppError('forbidden', `You need the permission ${permission} to let people sign up.`, {
      details: { permission },
    })
  await userAdmissionService.requireGrantable(ctx, identity, { roleId, tenantId })
  return { sign_up_role_id: roleId, sign_up_by: identity.user.id }
}

/** Somebody must be able to come in when the provider is away. */
async function ownerLeftOut(ctx: Ctx, tenantId: string | null): Promise<string> {
  if (tenantId === null) {
    const message = 'Only a tenant’s provider can be the only way in.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'enforced', message }] })
  }
  const owner = await db.oldestOwner(ctx.tx, tenantId, ctx.now())
  if (owner === undefined)
    throw new AppError(
      'invalid_state',
      'The tenant has no owner with a password, who could still log in when the provider fails. Add one first.',
    )
  return owner
}

/** @throws AppError not_found, precondition_failed, and those of `createSsoProvider` */
export async function updateSsoProvider(
  ctx: Ctx,
  identity: Identity,
  id: string,
  change: z.output<typeof ssoProviderUpdate>,
  version: number | undefined,
): Promise<SsoProvider> {
  await db.lockProvider(ctx.tx, id)
  const row = await found(ctx, id)
  requireVersion(row.version, version)
  const { clientSecret, ...shown } = change
  const before = present(ctx, row)
  const diff = auditService.diffOf<Record<string, unknown>>(
    { ...before, domains: String(before.domains), signUpRoleId: row.sign_up_role_id },
    { ...shown, domains: change.domains && String(change.domains.toSorted()) },
  )
  if (clientSecret !== undefined) diff['clientSecret'] = [row.client_secret, clientSecret]
  if (Object.keys(diff).length === 0) return before
  const enforced = change.enforced ?? row.enforced
  const moved = change.issuer !== undefined && change.issuer !== row.issuer
  await db.updateProvider(ctx.tx, id, {
    name: change.name ?? row.name,
    issuer: change.issuer ?? row.issuer,
    client_id: change.clientId ?? row.client_id,
    ...(clientSecret === undefined
      ? {}
      : { client_secret: clientSecret === null ? null : ctx.sealer.seal(clientSecret, purposeOf(id)) }),
    enabled: change.enabled ?? row.enabled,
    enforced,
    break_glass_user_id: !enforced
      ? null
      : row.enforced
        ? row.break_glass_user_id
        : await ownerLeftOut(ctx, row.tenant_id),
    trusts_mfa: change.trustsMfa ?? row.trusts_mfa,
    ...(await signUpBy(ctx, identity, {
      signUpRoleId: change.signUpRoleId === undefined ? row.sign_up_role_id : change.signUpRoleId,
      tenantId: row.tenant_id,
      domains: change.domains ?? row.domains,
    })),
    ...(moved ? { checked_at: null, check_fault: null } : {}),
    version: row.version + 1,
    updated_at: ctx.now(),
  })
  if (change.domains) await keepDomains(ctx, { id, tenantId: row.tenant_id }, change.domains)
  await auditService.record(ctx, {
    action: 'SSO_PROVIDER_UPDATED',
    tenantId: row.tenant_id,
    target: target(id, row.name),
    diff,
  })
  return getSsoProvider(ctx, id)
}

/** Removes a provider with all connections to it; nobody is logged out. @throws AppError not_found */
export async function deleteSsoProvider(ctx: Ctx, id: string): Promise<void> {
  const row = await found(ctx, id)
  await db.removeProvider(ctx.tx, id)
  await auditService.record(ctx, {
    action: 'SSO_PROVIDER_DELETED',
    tenantId: row.tenant_id,
    target: target(id, row.name),
    details: { issuer: row.issuer },
  })
}

/**
 * Reads what the provider says of itself and what DNS says of its domains, and keeps what was wrong. A request waits for this call: the person who
 * has typed the address waits for the answer.
 * @param authorise finds the provider for the caller, and asks for the permission in its tenant
 * @throws those of `authorise`
 */
export async function checkSsoProvider(
  root: Root,
  origin: Origin,
  id: string,
  authorise: () => Promise<void>,
): Promise<SsoProvider> {
  await authorise()
  const row = await root.db.transaction('platform', (tx) => db.findProvider(tx, id))
  if (!row) throw notFound('identity provider')
  const unproven = row.proofs.filter(({ provenAt }) => provenAt === null)
  const [result, ...faults] = await Promise.all([
    root.vendors.oidc(connectionOf(root, row)).check(),
    ...unproven.map(({ domain, proof }) => faultOf(root, domain, proof)),
  ])
  return transaction(root, origin, 'platform', async (ctx) => {
    const fault = result.ok ? null : result.fault
    for (const [index, { domain }] of unproven.entries())
      await decide(ctx, row, domain, faults[index] ?? null)
    await db.updateProvider(ctx.tx, id, { checked_at: ctx.now(), check_fault: fault })
    await auditService.record(ctx, {
      action: 'SSO_PROVIDER_CHECKED',
      tenantId: row.tenant_id,
      target: target(id, row.name),
      outcome: result.ok ? 'success' : 'error',
      details: { fault },
    })
    return getSsoProvider(ctx, id)
  })
}

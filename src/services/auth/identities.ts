import type { Identities } from '../../../shared/api/authSso.ts'
import type { Ctx } from '../../context.ts'
import * as db from '../../db/authSso.ts'
import { AppError, notFound } from '../../errors.ts'
import type { OidcPerson } from '../../integrations/oidc/types.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import type { Identity } from '../userService.ts'

/** The identities with which the caller can log in, and the providers he could connect with. */
export const listIdentities = (ctx: Ctx, { user }: Identity): Promise<Identities> =>
  // The platform's providers are nobody's secret, but no tenant's rows either.
  tenantScopeService.asPlatform(ctx, async ({ tx }) => ({
    items: (await db.identitiesOf(tx, user.id)).map((row) => ({
      id: row.id,
      provider: row.provider,
      issuer: row.issuer,
      label: row.label,
      createdAt: row.created_at.toISOString(),
      lastUsedAt: row.last_used_at?.toISOString() ?? null,
    })),
    providers: await db.connectable(tx, user.id, ctx.now()),
  }))

/**
 * Connects a user with the identity that a provider has vouched for.
 * @returns false when the identity, or another of this provider, is connected already
 */
export async function addIdentity(
  ctx: Ctx,
  user: { id: string; email: string },
  provider: db.ProviderRow,
  { issuer, subject, label }: OidcPerson,
): Promise<boolean> {
  const isNew = await db.insertIdentity(ctx.tx, {
    id: newId(),
    user_id: user.id,
    provider_id: provider.id,
    issuer,
    subject,
    label: label?.slice(0, 320) ?? null,
    created_at: ctx.now(),
  })
  if (isNew)
    await auditService.record(ctx, {
      action: 'SSO_CONNECTED',
      tenantId: null,
      target: { type: 'user', id: user.id, label: user.email },
      details: { provider: provider.name, issuer, subject },
    })
  return isNew
}

/** @throws AppError not_found for what is not the caller's, invalid_state for his only way in */
export async function removeIdentity(ctx: Ctx, { user }: Identity, id: string): Promise<void> {
  if (!(await db.hasOtherWayIn(ctx.tx, user.id, id)))
    throw new AppError(
      'invalid_state',
      'You could not log in any more. Add a passkey first, or set a password: log out and choose “Forgot your password?”.',
    )
  const removed = await db.removeIdentity(ctx.tx, user.id, id)
  if (!removed) throw notFound('identity')
  await auditService.record(ctx, {
    action: 'SSO_DISCONNECTED',
    tenantId: null,
    target: { type: 'user', id: user.id, label: user.email },
    details: { provider: removed.provider_id },
  })
}

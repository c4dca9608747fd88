import type { Identities } from '../../../shared/api/authSso.ts'
import type { Ctx } from '../../context.ts'
import * as db from '../../db/authSso.ts'
import { notFound } from '../../errors.ts'
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

/** @throws AppError not_found for what is not the caller's */
export async function removeIdentity(ctx: Ctx, { user }: Identity, id: string): Promise<void> {
  const removed = await db.removeIdentity(ctx.tx, user.id, id)
  if (!removed) throw notFound('identity')
  await auditService.record(ctx, {
    action: 'SSO_DISCONNECTED',
    tenantId: null,
    target: { type: 'user', id: user.id, label: user.email },
    details: { provider: removed.provider_id },
  })
}

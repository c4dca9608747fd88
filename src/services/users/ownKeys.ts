import type { z } from 'zod'
import type { ApiKey, apiKeyCreate, MadeApiKey } from '../../../shared/api/apiKeys.ts'
import type { Page } from '../../../shared/api/common.ts'
import type { Ctx } from '../../context.ts'
import type { ListOptions } from '../../db/list.ts'
import * as keys from '../../db/userKeys.ts'
import { notFound, requireVersion } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import { createFor, present, requireResources, requireScopes, revoke, rotate } from './apiKeys.ts'
import type { Identity } from './rights.ts'

/** Keys that are bound to no tenant are no tenant's to see: one's own are found on the platform, by their owner. */
const wide = (ctx: Ctx): Promise<Ctx> => tenantScopeService.limitTo(ctx, 'platform')

/** The caller's own keys. */
export async function listOwnKeys(ctx: Ctx, me: Identity, options: ListOptions): Promise<Page<ApiKey>> {
  const page = await keys.listOfUser((await wide(ctx)).tx, me.user.id, options)
  return { items: page.items.map((row) => present(row, ctx.now())), nextCursor: page.nextCursor }
}

/**
 * Makes a key of the caller's own.
 * @throws AppError not_found for the tenant, and those of `requireScopes` and `requireResources`
 */
export async function createOwnKey(
  ctx: Ctx,
  me: Identity,
  body: z.infer<typeof apiKeyCreate>,
): Promise<MadeApiKey> {
  if (body.tenantId !== null) await tenantScopeService.ownerOf(ctx, 'tenant', body.tenantId)
  requireScopes(me, body.scopes, body.tenantId, 'you')
  await requireResources(ctx, body.resources, body.tenantId)
  return createFor(await wide(ctx), me.user, me, body)
}

/** @throws AppError not_found, precondition_failed */
export async function renameOwnKey(
  ctx: Ctx,
  me: Identity,
  id: string,
  name: string,
  version: number | undefined,
): Promise<ApiKey> {
  const all = await wide(ctx)
  const before = await keys.lock(all.tx, id, me.user.id)
  if (!before) throw notFound('API key')
  requireVersion(before.version, version)
  await keys.rename(all.tx, id, name)
  await auditService.record(all, {
    action: 'API_KEY_UPDATED',
    tenantId: before.tenant_id,
    target: { type: 'apiKey', id, label: name },
    diff: auditService.diffOf({ name: before.name }, { name }),
  })
  return present({ ...before, name, version: before.version + 1 }, ctx.now())
}

/** Ends a key of the caller's own at once. @throws AppError not_found, invalid_state for one that was revoked */
export async function revokeOwnKey(ctx: Ctx, me: Identity, id: string): Promise<void> {
  const all = await wide(ctx)
  const key = await keys.lock(all.tx, id, me.user.id)
  if (!key) throw notFound('API key')
  await revoke(all, key)
}

/**
 * A new key of the caller's in place of an old one, which works on for the overlap.
 * @throws AppError not_found, invalid_state for a key that does not work any more
 */
export async function rotateOwnKey(
  ctx: Ctx,
  me: Identity,
  id: string,
  overlapHours: number,
): Promise<MadeApiKey> {
  const all = await wide(ctx)
  const key = await keys.lock(all.tx, id, me.user.id)
  if (!key) throw notFound('API key')
  return rotate(all, me, key, overlapHours)
}

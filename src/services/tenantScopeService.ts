import type { Ctx, Scope } from '../context.ts'
import { isErasing, narrow, shareState, stateOf, tenantOf, type TenantThing } from '../db/tenantScope.ts'
import { AppError, notFound } from '../errors.ts'

export type { TenantThing }

const NAMES: Record<TenantThing, string> = {
  tenant: 'tenant',
  customer: 'customer',
  subscription: 'subscription',
  invoice: 'invoice',
  cloudPod: 'CloudPod',
  job: 'job',
  role: 'role',
  customerContact: 'contact',
  customerNote: 'note',
  customerGroup: 'customer group',
  customerField: 'customer field',
  tenantExport: 'export',
}

/**
 * The tenant that owns a thing (null: the platform). Whether it does not exist or is not the caller's to see is the
 * same answer.
 * @throws AppError not_found
 */
export async function ownerOf(ctx: Ctx, kind: TenantThing, id: string): Promise<string | null> {
  const tenantId = await tenantOf(ctx.tx, kind, id)
  if (tenantId === undefined) throw notFound(NAMES[kind])
  return tenantId
}

/**
 * Nothing is ordered or changed in a tenant that is suspended or closed. Its row stays shared until the caller's
 * transaction ends, so that a suspension sees all that was ordered before it.
 * @throws AppError invalid_state
 */
export async function requireActive(ctx: Ctx, tenantId: string): Promise<void> {
  const state = await shareState(ctx.tx, tenantId)
  if (state !== undefined && state !== 'active')
    throw new AppError('invalid_state', `The tenant is ${state}: nothing can be ordered or changed in it.`)
}

/**
 * What is also changed while a tenant is suspended is not changed any more once its data are being erased.
 * @throws AppError invalid_state
 */
export async function requireNotGone(ctx: Ctx, tenantId: string): Promise<void> {
  const state = await stateOf(ctx.tx, tenantId)
  if (state !== 'closing' && state !== 'closed') return
  await shareState(ctx.tx, tenantId)
  if (state === 'closed' || (await isErasing(ctx.tx, tenantId)))
    throw new AppError('invalid_state', 'The tenant is closed: nothing can be changed in it.')
}

/** The same context limited to fewer tenants, for the database as well. */
export async function limitTo(ctx: Ctx, scope: Scope): Promise<Ctx> {
  if (String(scope) === String(ctx.scope)) return ctx
  await narrow(ctx.tx, scope)
  return { ...ctx, scope }
}

import type { Ctx, Scope } from '../context.ts'
import { narrow, tenantOf, type TenantThing } from '../db/tenantScope.ts'
import { notFound } from '../errors.ts'

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

/** The same context limited to fewer tenants, for the database as well. */
export async function limitTo(ctx: Ctx, scope: Scope): Promise<Ctx> {
  if (String(scope) === String(ctx.scope)) return ctx
  await narrow(ctx.tx, scope)
  return { ...ctx, scope }
}

import type { Ctx, Scope } from '../context.ts'
import { isErasing, narrow, shareState, stateOf, tenantOf, type TenantThing } from '../db/tenantScope.ts'
import { AppError, notFound } from '../errors.ts'
import { isUuid } from '../lib/ids.ts'

export type { TenantThing }

const NAMES: Record<TenantThing, string> = {
  tenant: 'tenant',
  customer: 'customer',
  subscription: 'subscription',
  invoice: 'invoice',
  cloudPod: 'CloudPod',
  job: 'job',
  role: 'role',
  invitation: 'invitation',
  ssoProvider: 'identity provider',
  customerContact: 'contact',
  customerNote: 'note',
  customerGroup: 'customer group',
  customerField: 'customer field',
  customerImport: 'import',
  tenantExport: 'export',
  apiKey: 'API key',
  serviceAccount: 'service account',
  auditSink: 'sink',
  auditWebhook: 'webhook',
  auditWebhookDelivery: 'delivery',
  securityGroup: 'security group',
  blueprint: 'blueprint',
  addon: 'add-on',
  coupon: 'coupon',
  dunningPolicy: 'dunning policy',
  billingProvider: 'payment provider',
  billingFinding: 'billing finding',
  paymentMethod: 'payment method',
  paymentAttempt: 'payment attempt',
  payment: 'payment',
  taxRule: 'tax rule',
  taxEvidence: 'tax evidence',
  domain: 'domain',
  dnsZone: 'zone',
  dnsTemplate: 'DNS template',
  sslCertificate: 'certificate',
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

/** The same as a question, for what is open already. */
export const isActive = async (ctx: Ctx, tenantId: string): Promise<boolean> =>
  (await stateOf(ctx.tx, tenantId)) === 'active'

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

/**
 * Writes what belongs to no tenant for somebody who works within theirs: the wall is opened for `work` and closed
 * behind it.
 */
export async function asPlatform<T>(ctx: Ctx, work: (wide: Ctx) => Promise<T>): Promise<T> {
  if (ctx.scope === 'platform') return work(ctx)
  await narrow(ctx.tx, 'platform')
  const result = await work({ ...ctx, scope: 'platform' })
  await narrow(ctx.tx, ctx.scope)
  return result
}

/** The same context limited to fewer tenants, for the database as well. */
export async function limitTo(ctx: Ctx, scope: Scope): Promise<Ctx> {
  if (String(scope) === String(ctx.scope)) return ctx
  await narrow(ctx.tx, scope)
  return { ...ctx, scope }
}

/**
 * The scope of a list: the tenants where its caller may see it, or the one of these that was asked for.
 * @throws AppError not_found for a tenant that is not the caller's to see
 */
export async function listScope(ctx: Ctx, permitted: Scope, tenantId: string | undefined): Promise<Scope> {
  if (tenantId === undefined) return permitted
  await ownerOf(ctx, 'tenant', tenantId)
  if (permitted !== 'platform' && !permitted.includes(tenantId)) throw notFound('tenant')
  return isUuid(tenantId) ? [tenantId] : []
}

/**
 * The tenant of a call that concerns exactly one.
 * @throws AppError invalid_input when it is not clear which
 */
export function onlyOne(scope: Scope): string {
  const [only, ...others] = scope === 'platform' ? [] : scope
  if (only !== undefined && others.length === 0) return only
  const message = 'Say in which tenant: add ?tenantId=, or use an API key of that tenant.'
  throw new AppError('invalid_input', message, { errors: [{ path: 'tenantId', message }] })
}

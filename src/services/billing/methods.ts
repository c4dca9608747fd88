import type { PaymentMethod } from '../../../shared/api/billingPayments.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import { canCustomer } from '../../../shared/states/customer.ts'
import { transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import * as providers from '../../db/billingProviders.ts'
import type { LinkRow, MethodRow, ProviderRow } from '../../db/billingProviders.ts'
import * as customers from '../../db/customers.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import type { BillingProvider, Method } from '../../integrations/billing/types.ts'
import { newId } from '../../lib/ids.ts'
import { faultOf, ok, type Outcome } from '../../lib/outcome.ts'
import * as auditService from '../auditService.ts'
import { enqueueConverge, enqueueWithdraw } from '../billingQueues.ts'
import * as provisioningService from '../provisioningService.ts'
import type { Seen } from './converging.ts'
import { connectionOf, requireCollector } from './providers.ts'

const present = (row: MethodRow): PaymentMethod => ({
  id: row.id,
  tenantId: row.tenant_id,
  customerId: row.customer_id,
  kind: row.kind,
  brand: row.brand,
  last4: row.last4,
  expMonth: row.exp_month,
  expYear: row.exp_year,
  isDefault: row.is_default,
  state: row.state,
  createdAt: row.created_at.toISOString(),
})

export async function listMethods(ctx: Ctx, customerId: string | undefined, options: ListOptions) {
  const page = await providers.listMethods(ctx.tx, ctx.scope, customerId, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

async function lockActive(ctx: Ctx, tenantId: string, id: string): Promise<MethodRow> {
  const row = await providers.lockMethod(ctx.tx, tenantId, id)
  if (!row || row.state === 'removed') throw notFound('payment method')
  if (row.state === 'removing') throw new AppError('invalid_state', 'The payment method is being removed.')
  return row
}

const say = (ctx: Ctx, row: MethodRow, action: string): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: row.tenant_id,
    target: { type: 'customer', id: row.customer_id },
    details: { method: row.id, brand: row.brand, last4: row.last4 },
  })

/** Charges go to this one from now on. @throws AppError not_found, invalid_state */
export async function makeDefault(ctx: Ctx, tenantId: string, id: string): Promise<PaymentMethod> {
  const row = await lockActive(ctx, tenantId, id)
  await providers.clearDefault(ctx.tx, row.customer_id)
  await providers.updateMethod(ctx.tx, id, { is_default: true })
  await say(ctx, row, 'PAYMENT_METHOD_DEFAULT')
  return present({ ...row, is_default: true })
}

/** Has a method taken away at the provider. Nothing is charged to it from now on. @throws AppError not_found, invalid_state */
export async function removeMethod(
  ctx: Ctx,
  tenantId: string,
  id: string,
): Promise<{ method: PaymentMethod; job: Job }> {
  const row = await lockActive(ctx, tenantId, id)
  const change = { state: 'removing', is_default: false } as const
  await providers.updateMethod(ctx.tx, id, change)
  await say(ctx, row, 'PAYMENT_METHOD_REMOVING')
  const of = { id, tenantId, customerId: row.customer_id, label: row.last4 ?? row.kind }
  const job = await enqueueWithdraw(ctx, of, { methodId: id })
  return { method: present({ ...row, ...change }), job: await provisioningService.getJob(ctx, job.id) }
}

type Transaction = <T>(work: (ctx: Ctx) => Promise<T>) => Promise<T>
type Whom = { providerId: string; tenantId: string; customerId: string }
/** Before there was a WHMCS nobody asked for the currency. */
type Asked = { name: string; email: string; currency?: string; key: string; since: string }

/** A provider forgets a key after a day. */
const KEY_LIFE_MS = 23 * 3_600_000

/**
 * The customer at the provider, made if there is none. What is sent stands in the row before anybody is asked, and what a lost
 * answer has left is looked for before anything is asked again: so there is one.
 */
export async function ensureCustomer(
  within: Transaction,
  provider: BillingProvider,
  whom: Whom,
): Promise<Outcome<string>> {
  const link = await within((ctx) => askedFor(ctx, whom))
  if (link.external_id !== null) return ok(link.external_id)
  const asked = link.asked as Asked
  const found = await provider.findCustomers(link.id, asked.email, link.created_at)
  if (found.outcome !== 'ok') return found
  // The list begins with the newest: whoever was first stays.
  const known = found.value.at(-1)
  const made =
    known === undefined
      ? await provider.createCustomer(
          { key: asked.key, mark: link.id },
          { ...asked, currency: asked.currency ?? null },
        )
      : ok(known)
  if (made.outcome === 'ok')
    await within((ctx) => providers.updateLink(ctx.tx, link.id, { external_id: made.value }))
  return made
}

/** What is asked for, and under which key; a key that is no longer kept there is replaced. @throws AppError not_found */
async function askedFor(ctx: Ctx, { providerId, tenantId, customerId }: Whom): Promise<LinkRow> {
  const customer = await customers.find(ctx.tx, tenantId, customerId)
  if (!customer) throw notFound('customer')
  const now = ctx.now()
  const id = newId()
  const words = {
    name: customer.company ?? customer.name,
    email: customer.email,
    currency: customer.currency,
  }
  const keyed = (of: string): Asked => ({
    ...words,
    key: `mpanel:customer:${of}:${now.getTime()}`,
    since: now.toISOString(),
  })
  const link = await providers.lockLink(ctx.tx, {
    id,
    tenant_id: tenantId,
    provider_id: providerId,
    customer_id: customerId,
    asked: keyed(id),
    created_at: now,
  })
  if (link.external_id !== null) return link
  const asked = link.asked as Asked
  if (now.getTime() - Date.parse(asked.since) < KEY_LIFE_MS) return link
  const anew = { ...keyed(link.id), email: asked.email ?? words.email }
  await providers.updateLink(ctx.tx, link.id, { asked: anew })
  return { ...link, asked: anew }
}

/**
 * A page of the provider on which the customer leaves a method. A request waits for these calls: whoever has asked goes there.
 * @throws AppError not_found, invalid_state, unavailable
 */
export async function beginMethod(
  root: Root,
  origin: Origin,
  tenantId: string,
  customerId: string,
): Promise<{ url: string; expiresAt: string }> {
  const within: Transaction = (work) => transaction(root, origin, [tenantId], work)
  const { row, currency } = await within(async (ctx) => {
    const customer = await customers.find(ctx.tx, tenantId, customerId)
    if (!customer) throw notFound('customer')
    requireAllowed(canCustomer.change({ state: customer.state, erasedAt: customer.erased_at }))
    const collector = await requireCollector(ctx, tenantId)
    await auditService.record(ctx, {
      action: 'PAYMENT_METHOD_ASKED',
      tenantId,
      target: { type: 'customer', id: customerId },
    })
    return { row: collector, currency: customer.currency }
  })
  const provider = root.vendors.billing(connectionOf(root, row, PAGE_TIMEOUT_MS))
  const customer = await ensureCustomer(within, provider, { providerId: row.id, tenantId, customerId })
  const page =
    customer.outcome === 'ok'
      ? await provider.setupPage(
          { key: `mpanel:setup:${newId()}`, mark: customerId },
          { customerRef: customer.value, currency, returnUrl: returnUrlOf(root, customerId) },
        )
      : customer
  if (page.outcome !== 'ok' || page.value.url === null)
    throw new AppError(
      'unavailable',
      `The page of the payment provider could not be made: ${page.outcome === 'ok' ? 'it is over' : faultOf(page)} Try again.`,
    )
  return { url: page.value.url, expiresAt: page.value.expiresAt.toISOString() }
}

const PAGE_TIMEOUT_MS = 5_000

export const returnUrlOf = ({ settings }: Pick<Root, 'settings'>, customerId: string): string =>
  `${settings.publicUrl}/t/all/customers/${customerId}?tab=payment`

/** Has the methods of a customer looked at now, for one who comes back from the provider's page. */
export async function syncMethods(ctx: Ctx, tenantId: string, customerId: string): Promise<{ job: Job }> {
  const collector = await requireCollector(ctx, tenantId)
  const links = await providers.linksOf(ctx.tx, tenantId, customerId)
  const link = links.find((one) => one.provider_id === collector.id)
  if (link?.external_id == null)
    throw new AppError('invalid_state', 'The provider does not know this customer yet: add a payment method.')
  const payload = { providerId: collector.id, kind: 'customer', ref: link.external_id, anyway: true } as const
  const job = await enqueueConverge(ctx, tenantId, payload, newId())
  return { job: await provisioningService.getJob(ctx, job.id) }
}

/** Takes over which methods a customer has there now; the first one is what he is charged with. */
export async function applyMethods(
  ctx: Ctx,
  provider: ProviderRow,
  customerRef: string,
  { look, found }: Seen<readonly Method[]>,
): Promise<{ parked: string | null }> {
  const link = await providers.findLink(ctx.tx, provider.id, customerRef)
  if (!link) return { parked: 'No customer of mPanel: made at the provider by hand.' }
  const known = await providers.methodsOfLink(ctx.tx, link.id)
  for (const method of found)
    await takeOver(
      ctx,
      link,
      known.find((row) => row.external_id === method.ref),
      { look, method },
    )
  const refs = new Set(found.map(({ ref }) => ref))
  for (const row of known) if (!refs.has(row.external_id)) await markRemoved(ctx, row, look)
  return { parked: null }
}

/** He is no longer known there. What is asked for next is no repetition of what was asked for him. */
export async function forgetCustomer(ctx: Ctx, provider: ProviderRow, customerRef: string): Promise<void> {
  const link = await providers.findLink(ctx.tx, provider.id, customerRef)
  if (!link) return
  const asked = { ...(link.asked as Asked), since: new Date(0).toISOString() }
  await providers.updateLink(ctx.tx, link.id, { external_id: null, asked })
}

async function takeOver(
  ctx: Ctx,
  link: LinkRow,
  row: MethodRow | undefined,
  { look, method }: { look: bigint; method: Method },
): Promise<void> {
  const shown = {
    kind: method.kind,
    brand: method.brand,
    last4: method.last4,
    exp_month: method.expMonth,
    exp_year: method.expYear,
    look,
  }
  if (row) {
    if (row.look < look && row.state !== 'removed') await providers.updateMethod(ctx.tx, row.id, shown)
    return
  }
  // Whoever was merged into another leaves his methods to that one.
  const owner = await customers.find(ctx.tx, link.tenant_id, link.customer_id)
  const customerId = owner?.merged_into ?? link.customer_id
  const hasDefault = await providers.hasDefault(ctx.tx, customerId)
  const id = newId()
  await providers.insertMethod(ctx.tx, {
    id,
    tenant_id: link.tenant_id,
    provider_id: link.provider_id,
    customer_id: customerId,
    billing_customer_id: link.id,
    external_id: method.ref,
    ...shown,
    is_default: !hasDefault,
    created_at: ctx.now(),
  })
  await auditService.record(ctx, {
    action: 'PAYMENT_METHOD_ADDED',
    tenantId: link.tenant_id,
    target: { type: 'customer', id: customerId },
    details: { method: id, brand: method.brand, last4: method.last4 },
  })
}

/** It is no longer there. A look from before it was added says nothing about it. */
export async function markRemoved(ctx: Ctx, row: MethodRow, look: bigint): Promise<void> {
  if (row.state === 'removed' || row.look >= look) return
  await providers.updateMethod(ctx.tx, row.id, {
    state: 'removed',
    is_default: false,
    removed_at: ctx.now(),
    look,
  })
  await say(ctx, row, 'PAYMENT_METHOD_REMOVED')
}

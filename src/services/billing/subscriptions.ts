import type { SubscriptionCreate } from '../../../shared/api/billing.ts'
import type { Subscription, Invoice } from '../../../shared/api/billing.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import { canSubscription } from '../../../shared/states/billingSubscription.ts'
import { canCustomer } from '../../../shared/states/customer.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import type { SubscriptionFilter } from '../../db/billing.ts'
import * as invoices from '../../db/billingInvoices.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import * as disputes from '../../db/billingDisputes.ts'
import * as customers from '../../db/customers.ts'
import type { ListOptions } from '../../db/list.ts'
import * as tenants from '../../db/tenants.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { addDays, instantOf, localDate, period } from '../../lib/period.ts'
import * as cloudPodService from '../cloudPodService.ts'
import * as provisioningService from '../provisioningService.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { inWords, linesOf, sizeWith, soldIn } from './addonsSold.ts'
import { emit, lock, move } from './changes.ts'
import { redeem } from './coupons.ts'
import { issueFirstInvoice } from './invoicing.ts'
import { wordsFor } from './lineWords.ts'
import { addonsOfOrder, firstOff, trialDaysOf } from './ordering.ts'
import { getInvoice } from './payments.ts'
import * as present from './present.ts'

const DAY_MS = 86_400_000

export async function list(ctx: Ctx, filter: SubscriptionFilter, options: ListOptions) {
  const page = await billing.listSubscriptions(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map((row) => present.subscription(ctx, row)), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function get(ctx: Ctx, tenantId: string, id: string): Promise<Subscription> {
  const row = await billing.findSubscription(ctx.tx, tenantId, id)
  if (!row) throw notFound('subscription')
  return present.subscription(ctx, row)
}

/** Without an invoice: it is tried first. */
export type Ordered = { subscription: Subscription; invoice: Invoice | null; job: Job | null }

/**
 * Orders a plan for a customer: everything the pod needs is reserved and the first invoice issued in one transaction.
 * The pod is made once the invoice is paid; a price of zero counts as paid. One that is tried first has its invoice after the trial.
 * @throws AppError not_found, conflict for a price of another plan or currency, and for a coupon or add-ons that cannot be had, precondition_failed when
 * it comes to another total than was shown, and what `cloudPodService.reserve` throws
 */
export async function create(ctx: Ctx, tenantId: string, body: SubscriptionCreate): Promise<Ordered> {
  const { customer, tenant, plan, price } = await loadOrder(ctx, tenantId, body)
  const now = ctx.now()
  const of = await settingsService.effective(ctx, tenantId)
  const termDays = Number(of['billing.paymentTermDays'].value)
  const coupon =
    body.coupon === null ? null : await redeem(ctx, tenantId, body.coupon, { customerId: customer.id, price })
  const addons = await addonsOfOrder(ctx, { tenantId, planName: plan.name, price }, body.addons)
  const [problem] = addons.problems
  if (problem !== undefined) throw new AppError('conflict', problem)
  const trialDays = await trialDaysOf(ctx, customer.id, price)
  const subscription = await billing.insertSubscription(ctx.tx, {
    id: newId(),
    tenant_id: tenantId,
    customer_id: customer.id,
    state: 'awaiting_payment',
    plan_id: plan.id,
    price_id: price.id,
    currency: price.currency,
    billing_tz: tenant.billing_tz,
    addons: JSON.stringify(addons.sold),
    coupon_id: coupon?.id ?? null,
    coupon_until: coupon?.periods ?? null,
    trial_days: trialDays,
    trial_then: price.trial_then,
    payment_due_at: new Date(now.getTime() + termDays * DAY_MS),
    created_at: now,
    updated_at: now,
  })
  const itemId = newId()
  await billing.insertItem(ctx.tx, {
    id: itemId,
    tenant_id: tenantId,
    subscription_id: subscription.id,
    price_id: price.id,
    created_at: now,
  })
  await cloudPodService.reserve(ctx, {
    tenantId,
    customerId: customer.id,
    subscriptionId: subscription.id,
    planId: plan.id,
    blueprintId: body.blueprintId,
    hostname: body.hostname,
    sshKeys: body.sshKeys,
    region: body.region,
    size: sizeWith(plan, addons.sold),
  })
  const invoice =
    trialDays > 0
      ? null
      : await issueFirstInvoice(ctx, {
          subscription,
          itemId,
          price,
          off: firstOff(coupon, price),
          addons: linesOf(addons.sold),
          planName: plan.name,
          customer,
          seller: tenant,
          words: await wordsFor(ctx, tenantId, customer),
        })
  if (body.shownTotalMinor !== null && BigInt(body.shownTotalMinor) !== (invoice?.totalMinor ?? 0n))
    throw new AppError('precondition_failed', 'The order comes to another total by now: look at it again.')
  await emit(ctx, subscription, 'SUBSCRIPTION_CREATED', undefined, {
    plan: plan.code,
    hostname: body.hostname,
    ...(coupon && { coupon: coupon.code }),
    ...(addons.sold.length > 0 && { addons: inWords(addons.sold, price.currency) }),
    ...(trialDays > 0 && { trialDays }),
  })
  const isFree = invoice === null || invoice.totalMinor === 0n
  const job = isFree ? await firstInvoicePaid(ctx, tenantId, subscription.id) : null
  return {
    subscription: await get(ctx, tenantId, subscription.id),
    invoice: invoice && (await getInvoice(ctx, tenantId, invoice.id)),
    job: job === null ? null : await provisioningService.getJob(ctx, job.id),
  }
}

async function loadOrder(ctx: Ctx, tenantId: string, body: SubscriptionCreate) {
  // Kept first: whoever closes or merges the customer meanwhile waits, and then sees this order.
  const kept = await customers.keep(ctx.tx, tenantId, body.customerId)
  const customer = await customers.find(ctx.tx, tenantId, body.customerId)
  if (!kept || !customer) throw notFound('customer')
  requireAllowed(canCustomer.order(kept))
  if (await disputes.isOpenOf(ctx.tx, customer.id))
    throw new AppError(
      'invalid_state',
      'The customer’s bank takes back a payment: nothing is sold to him before that has ended. See Disputes.',
    )
  const tenant = await tenants.find(ctx.tx, tenantId)
  if (!tenant) throw notFound('tenant')
  if (tenant.state !== 'active')
    throw new AppError('invalid_state', `The tenant is ${tenant.state}: it takes no orders.`)
  const plan = await billing.findPlan(ctx.tx, body.planId)
  if (!plan || plan.state !== 'active') throw notFound('plan')
  const price = await billing.findPrice(ctx.tx, body.priceId)
  if (!price || price.plan_id !== plan.id || price.state !== 'active') throw notFound('price of this plan')
  if (price.currency !== customer.currency) {
    throw new AppError(
      'conflict',
      `The customer pays in ${customer.currency}; choose a price in that currency.`,
    )
  }
  return { customer, tenant, plan, price }
}

/** The order is paid: the pod may be made. Null when the subscription no longer waits for it. */
export async function firstInvoicePaid(
  ctx: Ctx,
  tenantId: string,
  id: string,
): Promise<{ id: string } | null> {
  const before = await lock(ctx, tenantId, id)
  if (before.state !== 'awaiting_payment') return null
  const pod = await pods.ofSubscription(ctx.tx, tenantId, id)
  if (!pod) throw new Error(`subscription ${id} has no pod`)
  await move(ctx, before, 'paid', { change: { payment_due_at: null } })
  return cloudPodService.startCreation(ctx, pod)
}

/** The pod was proven to run: the contract begins, its first period with it. */
export async function podDelivered(ctx: Ctx, pod: PodRow): Promise<void> {
  if (pod.subscription_id === null) return
  const before = await lock(ctx, pod.tenant_id, pod.subscription_id)
  if (before.state !== 'provisioning') return
  const price = await billing.findPrice(ctx.tx, before.price_id)
  if (!price) throw new Error(`price ${before.price_id} is missing`)
  const today = localDate(ctx.now(), before.billing_tz)
  const delivered = { started_at: ctx.now(), delivery_problem: null }
  if (before.trial_days > 0) {
    const anchor_date = addDays(today, before.trial_days)
    const over = instantOf(anchor_date, before.billing_tz)
    const current_period = `[${ctx.now().toISOString()},${over.toISOString()})`
    await move(ctx, before, 'deliveredOnTrial', { change: { ...delivered, anchor_date, current_period } })
    return
  }
  const first = period(today, before.billing_tz, price.interval, price.interval_count, 0)
  const change = {
    ...delivered,
    anchor_date: today,
    periods_billed: 1,
    current_period: `[${first.start.toISOString()},${first.end.toISOString()})`,
  }
  await invoices.fixFirstPeriod(ctx.tx, before.id, first.start, first.end)
  await move(ctx, before, 'delivered', { change })
}

/** It goes on after its trial, whatever was agreed with the order. @throws AppError not_found, invalid_state with the reason */
export async function keep(ctx: Ctx, tenantId: string, id: string): Promise<Subscription> {
  const before = await lock(ctx, tenantId, id)
  const { state, cancel_at: cancelAt, trial_then: after } = before
  requireAllowed(canSubscription.keep({ state, cancelAt, trial: { after } }))
  await billing.updateSubscription(ctx.tx, id, { trial_then: 'activate', updated_at: ctx.now() })
  await emit(ctx, before, 'SUBSCRIPTION_KEPT', { afterTrial: [after, 'activate'] })
  return get(ctx, tenantId, id)
}

/** The pod could not be made: the subscription says so until it is delivered again or cancelled. */
export async function deliveryFailed(ctx: Ctx, pod: PodRow, problem: string): Promise<void> {
  if (pod.subscription_id === null) return
  const before = await lock(ctx, pod.tenant_id, pod.subscription_id)
  if (before.state !== 'provisioning') return
  await billing.updateSubscription(ctx.tx, before.id, { delivery_problem: problem, updated_at: ctx.now() })
  await emit(ctx, before, 'SUBSCRIPTION_DELIVERY_FAILED', undefined, { problem })
}

/** Reserves a new pod for a paid subscription whose pod could not be made. @throws AppError invalid_state and those of `reserve` */
export async function retryDelivery(
  ctx: Ctx,
  tenantId: string,
  id: string,
): Promise<{ subscription: Subscription; job: Job }> {
  const before = await lock(ctx, tenantId, id)
  requireAllowed(
    canSubscription.retryDelivery({ state: before.state, deliveryProblem: before.delivery_problem }),
  )
  const old = await pods.ofSubscription(ctx.tx, tenantId, id)
  if (!old) throw new Error(`subscription ${id} has no pod`)
  const plan = await billing.findPlan(ctx.tx, before.plan_id)
  if (!plan) throw notFound('plan')
  const pod = await cloudPodService.reserve(ctx, {
    tenantId,
    customerId: before.customer_id,
    subscriptionId: id,
    planId: before.plan_id,
    blueprintId: old.blueprint_id,
    hostname: old.hostname,
    sshKeys: old.ssh_keys,
    region: old.wanted_region,
    size: sizeWith(plan, soldIn(before.addons)),
  })
  await billing.updateSubscription(ctx.tx, id, { delivery_problem: null, updated_at: ctx.now() })
  await emit(ctx, before, 'SUBSCRIPTION_UPDATED', { deliveryProblem: [before.delivery_problem, null] })
  const job = await cloudPodService.startCreation(ctx, pod)
  return { subscription: await get(ctx, tenantId, id), job: await provisioningService.getJob(ctx, job.id) }
}

import type { z } from 'zod'
import type { Invoice, paymentCreate, Subscription } from '../../shared/api/billing.ts'
import { asSystem, eachAsSystem, type Ctx, type Root } from '../context.ts'
import * as billing from '../db/billing.ts'
import type { Words } from '../words.ts'
import { invoicePaid } from './billing/paid.ts'
import { withdrawLinkOf } from './billing/collecting.ts'
import { book, getInvoice, type Payment } from './billing/payments.ts'
import { cancel } from './billing/cancelling.ts'
import * as subscriptions from './billing/subscriptions.ts'
import * as provisioningService from './provisioningService.ts'

export { createAddon, listAddons, updateAddon } from './billing/addons.ts'
export { createPlan, listPlans } from './billing/catalogue.ts'
export { listInvoices, showInvoice } from './billing/payments.ts'
export { cancel, podGone, uncancel } from './billing/cancelling.ts'
export { createCoupon, listCoupons, updateCoupon } from './billing/coupons.ts'
export { changeDone, changeFailed } from './billing/changeOutcome.ts'
export { change, previewChange } from './billing/planChanges.ts'
export { cancelChange } from './billing/plannedChanges.ts'
export { creditForDomain, issueForDomain } from './billing/domainInvoices.ts'
export { hold, release } from './billing/holding.ts'
export { previewOrder } from './billing/ordering.ts'
export { pause, pausePreview, resume } from './billing/pausing.ts'
export { createPolicy, listPolicies, removePolicy, updatePolicy } from './billing/policies.ts'
export { nextAt, showCalendar, timeline, whatComes } from './billing/outlook.ts'
export { runContracts } from './billing/running.ts'
export {
  create,
  deliveryFailed,
  get,
  keep,
  list,
  podDelivered,
  retryDelivery,
} from './billing/subscriptions.ts'
export { podAbsent, podRestored, podStopped } from './billing/suspension.ts'
export { podBack, requireRevivable } from './billing/undeleted.ts'

export type Booked = Payment & { invoice: Invoice; subscription: Subscription | null }

/** Books a payment, and lets the pod be made when it pays the order. @throws AppError those of `book`; invalid_state */
export async function recordPayment(
  ctx: Ctx,
  tenantId: string,
  invoiceId: string,
  body: z.infer<typeof paymentCreate>,
): Promise<Booked> {
  const { payment, paidSubscriptionId, subscriptionId } = await book(ctx, tenantId, invoiceId, body)
  if (paidSubscriptionId !== null) await invoicePaid(ctx, tenantId, paidSubscriptionId)
  const invoice = await getInvoice(ctx, tenantId, invoiceId)
  if (invoice.status === 'paid') await withdrawLinkOf(ctx, tenantId, invoiceId)
  return {
    ...payment,
    invoice,
    subscription: subscriptionId === null ? null : await subscriptions.get(ctx, tenantId, subscriptionId),
  }
}

const BATCH = 100

/**
 * Ends what is due: subscriptions whose cancellation date has come, and orders nobody paid. Each in a transaction of
 * its own, so that one that cannot be ended does not hold up the others.
 */
export async function endDue(root: Root): Promise<void> {
  const now = root.now()
  const due = await asSystem(root, 'billing', 'platform', async (ctx) => [
    ...(await endingsAllowed(ctx)).map((row) => ({ ...row, reason: 'the agreed end was reached', how: {} })),
    ...(await billing.overdueOrders(ctx.tx, now, BATCH)).map((row) => ({
      ...row,
      reason: 'not paid in time',
      how: { onNotes: ({ t }: Words) => t`not paid in time` },
    })),
  ])
  await eachAsSystem(root, {
    label: 'billing',
    rows: due,
    fault: 'a due subscription could not be ended',
    work: (ctx, { tenant_id: tenantId, id, reason, how }) =>
      cancel(ctx, tenantId, id, { when: 'now', reason }, how),
  })
}

/** The next subscriptions whose agreed end was reached; none while unusually many wait for a confirmation. */
async function endingsAllowed(ctx: Ctx) {
  const due = await billing.dueCancellations(ctx.tx, ctx.now(), BATCH)
  const counts = await billing.countDueCancellations(ctx.tx, ctx.now())
  const may = await provisioningService.mayTouch(ctx, 'subscriptions.end', { ...counts, now: due.length })
  return may ? due : []
}

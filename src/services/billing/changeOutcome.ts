import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import type { SubscriptionChange, SubscriptionRow } from '../../db/billing.ts'
import * as changes from '../../db/billingChanges.ts'
import type { ChangeRow } from '../../db/billingChanges.ts'
import * as contracts from '../../db/billingContracts.ts'
import * as invoices from '../../db/billingInvoices.ts'
import * as ledger from '../../db/billingLedger.ts'
import * as pods from '../../db/cloudPods.ts'
import { soldIn } from './addonsSold.ts'
import { emit, lock } from './changes.ts'
import { creditInvoice } from './crediting.ts'
import { usableCredit } from './invoicing.ts'
import * as notices from './notices.ts'

/** The change that a resize was part of, with its subscription held; undefined when it is over. */
async function working(ctx: Ctx, tenantId: string, changeId: string) {
  const seen = await changes.find(ctx.tx, tenantId, changeId)
  if (!seen) return undefined
  const row = await lock(ctx, tenantId, seen.subscription_id)
  const change = await changes.find(ctx.tx, tenantId, changeId)
  return change?.state === 'working' ? { change, row } : undefined
}

/** The pod was read back as the new plan says. */
export async function changeDone(ctx: Ctx, tenantId: string, changeId: string): Promise<void> {
  const found = await working(ctx, tenantId, changeId)
  if (!found) return
  await changes.update(ctx.tx, changeId, { state: 'done', ended_at: ctx.now() })
  await billing.updateSubscription(ctx.tx, found.row.id, { updated_at: ctx.now() })
  await emit(ctx, found.row, 'SUBSCRIPTION_CHANGED', undefined, { change: changeId })
}

/**
 * The pod could not be resized, and is as it was. Who was to get more gets his old plan and money back. Who was to get less keeps
 * the new price: that his pod is larger than that is not his loss.
 */
export async function changeFailed(
  ctx: Ctx,
  tenantId: string,
  changeId: string,
  problem: string,
): Promise<void> {
  const found = await working(ctx, tenantId, changeId)
  if (!found) return
  const { change, row } = found
  if (change.grows) return undo(ctx, row, change, problem)
  await changes.update(ctx.tx, changeId, { state: 'done', problem, ended_at: ctx.now() })
  await billing.updateSubscription(ctx.tx, row.id, { updated_at: ctx.now() })
  await emit(ctx, row, 'SUBSCRIPTION_RESIZE_FAILED', undefined, { change: changeId, problem })
}

async function undo(ctx: Ctx, row: SubscriptionRow, change: ChangeRow, problem: string): Promise<void> {
  if (change.item_id === null) throw new Error(`change ${change.id} has charged nothing`)
  // Also what was billed at the new price since.
  for (const id of await contracts.invoicesOfItem(ctx.tx, change.item_id)) {
    const invoice = await invoices.lock(ctx.tx, row.tenant_id, id)
    if (invoice) await creditInvoice(ctx, invoice, ({ t }) => t`the CloudPod could not be made larger`)
  }
  await takeCarriedBack(ctx, row, change)
  await changes.setRemoved(ctx.tx, change.item_id, ctx.now())
  await changes.setRemoved(ctx.tx, change.from_item_id, null)
  await changes.update(ctx.tx, change.id, { state: 'undone', problem, ended_at: ctx.now() })
  await billing.updateSubscription(ctx.tx, row.id, {
    plan_id: change.from_plan_id,
    price_id: change.from_price_id,
    addons: JSON.stringify(soldIn(change.from_addons)),
    // What has become due meanwhile is billed by the old terms.
    ...(change.was as SubscriptionChange),
    updated_at: ctx.now(),
  })
  const pod = await pods.ofSubscription(ctx.tx, row.tenant_id, row.id)
  if (pod) await pods.update(ctx.tx, pod.id, { plan_id: change.from_plan_id, updated_at: ctx.now() })
  const [to, from] = [
    await billing.findPlan(ctx.tx, change.to_plan_id),
    await billing.findPlan(ctx.tx, change.from_plan_id),
  ]
  const diff: Record<string, [unknown, unknown]> = { plan: [to?.name, from?.name] }
  await emit(ctx, row, 'SUBSCRIPTION_CHANGE_UNDONE', diff, { change: change.id, problem })
  await notices.planChangeUndone(ctx, row, to?.name ?? '')
}

/** What was kept as credit is taken back as far as it was not used: nobody owes for what failed here. */
async function takeCarriedBack(ctx: Ctx, row: SubscriptionRow, change: ChangeRow): Promise<void> {
  if (change.carried_minor === 0n || change.invoice_id === null) return
  const minor = await usableCredit(ctx, row, row.customer_id, change.carried_minor)
  await ledger.post(ctx.tx, {
    tenantId: row.tenant_id,
    kind: 'carry_back',
    source: { type: 'invoice', id: change.invoice_id },
    currency: row.currency,
    at: ctx.now(),
    entries: [
      { account: 'credit', customerId: row.customer_id, amountMinor: minor },
      { account: 'revenue', amountMinor: -minor },
    ],
  })
}

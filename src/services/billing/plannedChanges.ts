import type { Subscription } from '../../../shared/api/billing.ts'
import { canSubscription } from '../../../shared/states/billingSubscription.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import * as changes from '../../db/billingChanges.ts'
import type { ChangeRow } from '../../db/billingChanges.ts'
import * as contracts from '../../db/billingContracts.ts'
import type { ContractRow } from '../../db/billingContracts.ts'
import * as invoices from '../../db/billingInvoices.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import * as cloudPodService from '../cloudPodService.ts'
import { inWords, isSame, sizeWith, soldIn } from './addonsSold.ts'
import { emit } from './changes.ts'
import { factsOf, take } from './contracts.ts'
import { creditInvoice, type Reason } from './crediting.ts'
import { priceWords } from './lineWords.ts'
import * as notices from './notices.ts'
import { periodOf } from './planChanging.ts'
import { againstItsNode } from './quotePod.ts'
import { boundary, changed, isChangeBilled, type Contract } from './contractPeriods.ts'
import { get } from './subscriptions.ts'

const DAY_MS = 86_400_000

/** The time of the planned change has come, and nobody has noted it yet. */
const isDue = (facts: Contract, now: Date): boolean =>
  facts.change !== null && isChangeBilled(facts) && boundary(facts, facts.change.periodNo) <= now

/**
 * Takes a planned change back; what its first period was billed is credited, and billed by the old terms.
 * @throws AppError not_found, invalid_state with the reason
 */
export async function cancelChange(ctx: Ctx, tenantId: string, id: string): Promise<Subscription> {
  const row = await take(ctx, tenantId, id)
  if (!row) throw notFound('subscription')
  requireAllowed(
    canSubscription.cancelChange({
      state: row.state,
      change: row.open_change === null ? null : { state: row.open_change },
    }),
  )
  const facts = factsOf(row)
  if (isDue(facts, ctx.now()))
    throw new AppError('invalid_state', 'The change is being made: the period that it begins with has begun.')
  await drop(ctx, row, facts)
  return get(ctx, tenantId, id)
}

async function drop(ctx: Ctx, row: ContractRow, facts: Contract): Promise<void> {
  const id = await endPlanned(ctx, row, facts, {
    reason: ({ t }) => t`the planned change was cancelled`,
    as: { state: 'cancelled' },
  })
  if (id !== null) await emit(ctx, row, 'SUBSCRIPTION_CHANGE_CANCELLED', { change: [id, null] })
}

/** There is no room for what was planned: the old plan and price go on, and what was billed by the new one is credited. */
async function giveUp(ctx: Ctx, row: ContractRow, facts: Contract, problem: string): Promise<void> {
  const id = await endPlanned(ctx, row, facts, {
    reason: ({ t }) => t`the CloudPod could not be made larger`,
    as: { state: 'undone', problem },
  })
  await emit(ctx, row, 'SUBSCRIPTION_CHANGE_UNDONE', undefined, { change: id, problem })
  await notices.planChangeUndone(ctx, row, row.change_plan_name ?? row.plan_name)
}

/** Ends a planned change without making it. @returns its id; null: none is planned */
async function endPlanned(
  ctx: Ctx,
  row: ContractRow,
  facts: Contract,
  { reason, as }: { reason: Reason; as: { state: 'cancelled' | 'undone'; problem?: string } },
): Promise<string | null> {
  const change = await changes.planned(ctx.tx, row.id)
  if (!change || facts.change === null) return null
  if (change.item_id !== null) {
    for (const id of await contracts.invoicesOfItem(ctx.tx, change.item_id)) {
      const invoice = await invoices.lock(ctx.tx, row.tenant_id, id)
      if (invoice) await creditInvoice(ctx, invoice, reason)
    }
    await changes.setRemoved(ctx.tx, change.item_id, ctx.now())
  }
  await changes.update(ctx.tx, change.id, { ...as, ended_at: ctx.now() })
  const periods_billed = isChangeBilled(facts) ? facts.change.periodNo : facts.periodsBilled
  await billing.updateSubscription(ctx.tx, row.id, { periods_billed, updated_at: ctx.now() })
  return change.id
}

/**
 * What ends a subscription finds no planned change any more: one whose time has come is made, any other is dropped.
 * The caller holds the subscription.
 * @returns false: its time had come, and it could not be made
 */
export async function clearPlanned(ctx: Ctx, id: string): Promise<boolean> {
  const [row] = await contracts.contractsOf(ctx.tx, [id])
  if (row?.open_change !== 'planned') return true
  const facts = factsOf(row)
  if (isDue(facts, ctx.now())) return begin(ctx, row, facts)
  await drop(ctx, row, facts)
  return true
}

/**
 * The period begins with which the plan or price changes: it is billed already.
 * @returns false: there is no room for the larger pod, so that everything stays as it was
 */
export async function begin(ctx: Ctx, row: ContractRow, facts: Contract): Promise<boolean> {
  const change = await changes.planned(ctx.tx, row.id)
  if (!change || change.item_id === null || facts.change === null)
    throw new Error(`subscription ${row.id} has no billed change`)
  const pod = await pods.ofSubscription(ctx.tx, row.tenant_id, row.id)
  const price = await billing.findPrice(ctx.tx, change.to_price_id)
  const resized = pod ? await resize(ctx, pod, change) : { job: null, problem: null }
  if (change.grows && resized.problem !== null) {
    await giveUp(ctx, row, facts, resized.problem)
    return false
  }
  await changes.setRemoved(ctx.tx, row.item_id, ctx.now())
  await changes.update(ctx.tx, change.id, {
    state: resized.job === null ? 'done' : 'working',
    problem: resized.problem,
    // What is given back if the pod cannot be made larger: then the period is billed by the old terms.
    was: JSON.stringify(periodOf({ ...facts, change: null, periodsBilled: facts.change.periodNo })),
    ended_at: resized.job === null ? ctx.now() : null,
  })
  await billing.updateSubscription(ctx.tx, row.id, {
    plan_id: change.to_plan_id,
    price_id: change.to_price_id,
    addons: JSON.stringify(soldIn(change.to_addons)),
    ...periodOf(changed(facts)),
    updated_at: ctx.now(),
  })
  if (pod && pod.plan_id !== change.to_plan_id)
    await pods.update(ctx.tx, pod.id, { plan_id: change.to_plan_id, updated_at: ctx.now() })
  await emit(
    ctx,
    row,
    'SUBSCRIPTION_UPDATED',
    {
      ...(change.to_plan_id !== row.plan_id && { plan: [row.plan_name, row.change_plan_name] }),
      ...(change.to_price_id !== row.price_id && {
        price: [priceWords(row, row.currency), price && priceWords(price, row.currency)],
      }),
      ...(!isSame(soldIn(row.addons), soldIn(change.to_addons)) && {
        addons: [inWords(soldIn(row.addons), row.currency), inWords(soldIn(change.to_addons), row.currency)],
      }),
    },
    {
      change: change.id,
      ...(resized.job && { job: resized.job.id }),
      ...(resized.problem !== null && { problem: resized.problem }),
    },
  )
  return true
}

/**
 * Lets the pod get the size of what was planned. One to which something else is being done is tried again for a day. One that then
 * still cannot shrink stays as large as it is, and the new price counts; one that cannot grow does not, nor does the price.
 */
async function resize(
  ctx: Ctx,
  pod: PodRow,
  change: ChangeRow,
): Promise<{ job: { id: string } | null; problem: string | null }> {
  const plan = await billing.findPlan(ctx.tx, change.to_plan_id)
  if (!plan) throw new Error(`plan ${change.to_plan_id} is missing`)
  const planned = sizeWith(plan, soldIn(change.to_addons))
  // A disk does not shrink, and what was planned as smaller never takes room.
  const size = change.grows
    ? { ...planned, diskGb: Math.max(planned.diskGb, pod.disk_gb) }
    : {
        cores: Math.min(planned.cores, pod.cores),
        memoryMb: Math.min(planned.memoryMb, pod.memory_mb),
        diskGb: pod.disk_gb,
      }
  const { cores, memoryMb, diskGb } = size
  if (cores === pod.cores && memoryMb === pod.memory_mb && diskGb === pod.disk_gb)
    return { job: null, problem: null }
  try {
    // It may have moved since.
    const [wrongNode] = change.grows ? await againstItsNode(ctx, pod, plan) : []
    if (wrongNode) throw new AppError(wrongNode.code, wrongNode.message)
    const { job } = await cloudPodService.resize(
      ctx,
      pod.tenant_id,
      pod.id,
      { ...size, reboot: change.restart },
      { byPlatform: true, changeId: change.id },
    )
    return { job, problem: null }
  } catch (error) {
    const late = ctx.now().getTime() - change.effective_at.getTime() > DAY_MS
    if (!(error instanceof AppError)) throw error
    const waits = !change.grows || error.code === 'invalid_state'
    if (waits && pod.state === 'active' && !late) throw error
    return { job: null, problem: `The CloudPod stays as large as it is: ${error.message}` }
  }
}

import { isRunning } from '../../../shared/states/billingSubscription.ts'
import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as contracts from '../../db/billingContracts.ts'
import type { DueStep, Kind } from '../../db/billingContracts.ts'
import { inLanes } from '../../lib/lanes.ts'
import * as provisioningService from '../provisioningService.ts'
import { factsOf, take, termsOf } from './contracts.ts'
import { carryOut } from './deeds.ts'
import { nextStep, type StepName } from './schedule.ts'
import type { Terms } from './contractPeriods.ts'

const BATCH = 200
const AT_ONCE = 4
const HOUR_MS = 3_600_000
/** What could not be done is tried again after this; the others go on meanwhile. */
const AGAIN_MS = 10 * 60_000

/** What harms nobody when it is done to many. The agreed end is `endDue`'s. */
const FREELY: StepName[] = [
  'trialNotice',
  'activate',
  'settle',
  'resume',
  'release',
  'advance',
  'change',
  'overdue',
  'remind',
  'warn',
]

/** What waits for a confirmation when unusually many are due: invoices only when they are a day late, as after an outage. */
const BRAKED = (now: Date): (Kind & { action: string })[] => [
  { action: 'subscriptions.renewLate', what: 'bill', from: null, to: dayBefore(now) },
  { action: 'subscriptions.renewLate', what: 'storage', from: null, to: dayBefore(now) },
  { action: 'subscriptions.suspend', what: 'suspend', from: null, to: now },
  { action: 'subscriptions.terminate', what: 'terminate', from: null, to: now },
  { action: 'subscriptions.trialOver', what: 'trialOver', from: null, to: now },
]
const dayBefore = (now: Date): Date => new Date(now.getTime() - 24 * HOUR_MS)

/**
 * Does what is due with contracts: each step in a transaction of its own, which looks again whether it is due. So it may be
 * broken off anywhere, and run several times at once.
 * @param withinMs how long it begins further steps; the rest is the next run's
 */
export async function runContracts(root: Root, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs
  for (;;) {
    const looked = await look(root)
    const done = await doDue(root)
    if (looked + done === 0 || performance.now() > end) return
  }
}

/** Finds out what happens next to contracts of which something has changed. */
async function look(root: Root): Promise<number> {
  return asSystem(root, 'billing', 'platform', async (ctx) => {
    const changed = await contracts.dueSteps(ctx.tx, [{ what: 'look', from: null, to: ctx.now() }], BATCH)
    const ids = await contracts.lockFree(
      ctx.tx,
      changed.map(({ id }) => id),
    )
    const terms = new Map<string, Terms>()
    for (const row of await contracts.contractsOf(ctx.tx, ids)) {
      const key = `${row.tenant_id} ${row.plan_id}`
      const its = terms.get(key) ?? (await termsOf(ctx, row.tenant_id, row.plan_id))
      terms.set(key, its)
      const next = isRunning(row.state) ? nextStep(factsOf(row), its, ctx.now()) : null
      await contracts.noteNext(ctx.tx, row.id, next)
    }
    return ids.length
  })
}

async function doDue(root: Root): Promise<number> {
  let done = 0
  await inLanes(await asSystem(root, 'billing', 'platform', dueNow), AT_ONCE, async (one) => {
    if (await doOne(root, one)) done++
  })
  return done
}

/** The next of what is due, without what waits for a confirmation. */
async function dueNow(ctx: Ctx): Promise<DueStep[]> {
  if (await provisioningService.isStopped(ctx)) return []
  const now = ctx.now()
  const kinds: Kind[] = [
    { what: 'bill', from: dayBefore(now), to: now },
    { what: 'storage', from: dayBefore(now), to: now },
    ...FREELY.map((what) => ({ what, from: null, to: now })),
  ]
  const due = await contracts.dueSteps(ctx.tx, kinds, BATCH)
  for (const { action, ...kind } of BRAKED(now)) {
    const found = await contracts.dueSteps(ctx.tx, [kind], BATCH)
    if (found.length === 0) continue
    const counts = await contracts.countDue(ctx.tx, kind)
    if (await provisioningService.mayTouch(ctx, action, { ...counts, now: found.length })) due.push(...found)
  }
  return due
}

/** @returns whether something was done, and not only seen that nothing is due any more */
async function doOne(root: Root, { id, tenant_id: tenantId, what }: DueStep): Promise<boolean> {
  try {
    return await asSystem(root, 'billing', [tenantId], async (ctx) => {
      const row = await take(ctx, tenantId, id)
      if (!row) return false
      const terms = await termsOf(ctx, tenantId, row.plan_id)
      const facts = isRunning(row.state) ? factsOf(row) : null
      const step = facts && nextStep(facts, terms, ctx.now())
      if (facts === null || step?.what !== what || step.at > ctx.now()) {
        await contracts.noteNext(ctx.tx, id, step)
        return false
      }
      await carryOut(ctx, step, { row, facts, terms })
      return true
    })
  } catch (error) {
    root.log.error(
      { err: error, subscriptionId: id, step: what },
      'a step of a subscription could not be done',
    )
    const at = new Date(root.now().getTime() + AGAIN_MS)
    await asSystem(root, 'billing', [tenantId], (ctx) => contracts.noteNext(ctx.tx, id, { what, at }))
    return false
  }
}

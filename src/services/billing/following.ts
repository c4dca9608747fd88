import { RUNNING_STATES } from '../../../shared/states/billingSubscription.ts'
import { asSystem, eachAsSystem, type Ctx, type Root } from '../../context.ts'
import * as attempts from '../../db/billingAttempts.ts'
import * as disputes from '../../db/billingDisputes.ts'
import * as events from '../../db/billingEvents.ts'
import * as providers from '../../db/billingProviders.ts'
import { AppError } from '../../errors.ts'
import type { Method } from '../../integrations/billing/types.ts'
import { enqueueConverge, type ConvergePayload } from '../billingQueues.ts'
import * as provisioningService from '../provisioningService.ts'
import { providerRow } from './asking.ts'
import { beginCharge } from './collecting.ts'
import { applyPage, applyPayment } from './converging.ts'
import { applyMethods, forgetCustomer, markRemoved } from './methods.ts'
import { unpacked } from './recordKept.ts'
import { takeSeen, type RecordSeen } from './recordRuns.ts'
import { pageFrom, paymentFrom, type Kept, type KeptPage, type KeptPayment } from './seen.ts'

/** What a look has found. `gone`: the provider no longer knows it. */
export type Looked =
  | { of: 'payment'; seen: Kept<KeptPayment> }
  | { of: 'page'; seen: Kept<KeptPage>; payment: Kept<KeptPayment> | null }
  /** Null: he was deleted there. */
  | { of: 'customer'; look: string; ref: string; methods: Method[] | null }
  | { of: 'method'; look: string; ref: string; customerRef: string | null }
  /** Of the provider's own books, as `packed` keeps it. */
  | { of: 'books'; seen: string }
  | { of: 'gone' }

/** The messages that a look answers: those that are there before it. Null: there is nothing to look at. */
export async function toAnswer(ctx: Ctx, payload: ConvergePayload): Promise<string[] | null> {
  const waiting = await events.waiting(ctx.tx, payload.providerId, payload.ref)
  return waiting.length === 0 && !payload.anyway ? null : waiting
}

/** Takes over what was seen, and puts the messages that said so aside. */
export async function takeOver(
  ctx: Ctx,
  payload: ConvergePayload,
  looked: Looked,
  answered: readonly string[],
): Promise<void> {
  const parked = await apply(ctx, payload, looked)
  await events.settle(ctx.tx, answered, {
    state: parked === null ? 'done' : 'parked',
    problem: parked,
    at: ctx.now(),
  })
}

async function apply(ctx: Ctx, payload: ConvergePayload, looked: Looked): Promise<string | null> {
  const provider = await providerRow(ctx, payload.providerId)
  if (looked.of === 'gone') return 'The provider no longer knows it.'
  if (looked.of === 'books') return takeSeen(ctx, provider, unpacked(looked.seen) as RecordSeen)
  if (looked.of === 'payment') return (await applyPayment(ctx, provider, paymentFrom(looked.seen))).parked
  if (looked.of === 'page') {
    const { parked } = await applyPage(ctx, provider, pageFrom(looked.seen))
    return looked.payment === null || parked !== null
      ? parked
      : (await applyPayment(ctx, provider, paymentFrom(looked.payment))).parked
  }
  if (looked.of === 'customer') {
    const seen = { look: BigInt(looked.look), found: looked.methods ?? [] }
    const { parked } = await applyMethods(ctx, provider, looked.ref, seen)
    // Whoever was deleted there is made anew when he is needed.
    if (looked.methods === null) await forgetCustomer(ctx, provider, looked.ref)
    return parked
  }
  const row = await providers.findMethodByRef(ctx.tx, provider.id, looked.ref)
  if (!row) return 'No payment method of mPanel.'
  if (looked.customerRef === null) await markRemoved(ctx, row, BigInt(looked.look))
  return null
}

const BATCH = 100
const UNSEEN_MS = 10 * 60_000
/** How a dispute goes on is looked at also when nobody says so. */
const DISPUTED_MS = 6 * 3_600_000
const KEPT_MS = 90 * 86_400_000

/**
 * What happens without anybody asking: due invoices are charged, payments of which nothing was heard are looked at, and old
 * messages removed. Each charge begins in a transaction of its own, so that one that cannot does not hold up the others.
 */
export async function sweep(root: Root): Promise<void> {
  const now = root.now()
  const due = await asSystem(root, 'billing', 'platform', async (ctx) => {
    const unseen = await attempts.unseen(ctx.tx, new Date(now.getTime() - UNSEEN_MS), BATCH)
    for (const { provider_id, tenant_id, external_id, page_id } of unseen) {
      const ref = page_id ?? external_id
      if (ref === null) continue
      const kind = page_id === null ? 'payment' : 'page'
      const payload = { providerId: provider_id, kind, ref, anyway: true } as const
      await enqueueConverge(ctx, tenant_id, payload, `unseen:${Math.floor(now.getTime() / UNSEEN_MS)}`)
    }
    for (const { provider_id, tenant_id, payment_ref: ref } of await disputes.unseen(
      ctx.tx,
      new Date(now.getTime() - DISPUTED_MS),
      BATCH,
    )) {
      const payload = { providerId: provider_id, kind: 'payment', ref, anyway: true } as const
      await enqueueConverge(ctx, tenant_id, payload, `disputed:${Math.floor(now.getTime() / DISPUTED_MS)}`)
    }
    await events.removeOld(ctx.tx, new Date(now.getTime() - KEPT_MS))
    return chargesAllowed(ctx)
  })
  await eachAsSystem(root, {
    label: 'billing',
    rows: due,
    fault: 'a due invoice could not be charged',
    work: (ctx, row) => beginCharge(ctx, row.tenant_id, row.invoice_id, { methodId: null, reason: 'due' }),
    // Somebody has begun to pay it meanwhile.
    excuse: (error) => error instanceof AppError && error.code === 'invalid_state',
  })
}

/** So many that are late are counted, not only those that are next. */
const COUNTED = 10_000

/** The next invoices to be charged. What is in time is; of what is late, as after an outage, unusually many wait for a confirmation. */
async function chargesAllowed(ctx: Ctx): Promise<attempts.DueCharge[]> {
  const which = { at: ctx.now(), states: RUNNING_STATES }
  const inTime = await attempts.dueCharges(ctx.tx, { ...which, late: false, limit: BATCH })
  const late = await attempts.dueCharges(ctx.tx, { ...which, late: true, limit: COUNTED })
  const next = late.slice(0, BATCH)
  const total = await attempts.countChargeable(ctx.tx)
  const counts = { wanted: late.length, total, now: next.length }
  const may = await provisioningService.mayTouch(ctx, 'payments.charge', counts)
  return may ? [...inTime, ...next] : inTime
}

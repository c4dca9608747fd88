import type { z } from 'zod'
import type { closeBody, Closing, ClosingMatter } from '../../../shared/api/customerMerge.ts'
import type { Customer } from '../../../shared/api/customers.ts'
import { canCustomer } from '../../../shared/states/customer.ts'
import type { Ctx } from '../../context.ts'
import * as merging from '../../db/customerMerge.ts'
import * as customers from '../../db/customers.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import { formatMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import * as BillingService from '../BillingService.ts'
import { get } from './record.ts'

type Flags = { cancelSubscriptions: boolean; keepCredit: boolean }

const CANCEL = 'Cancel it first, or close with its cancellation.'
/** Of these the first invoice is credited when they are cancelled. */
const UNDELIVERED = new Set(['awaiting_payment', 'provisioning'])

function add(
  list: ClosingMatter[],
  kind: ClosingMatter['kind'],
  of: { id: string; label: string },
  text: string,
): void {
  list.push({ kind, id: of.id, label: of.label, text })
}

/** What stands against closing a customer, and what would end with it. */
async function matters(ctx: Ctx, tenantId: string, id: string, flags: Flags) {
  const blockers: ClosingMatter[] = []
  const ends: ClosingMatter[] = []
  const live = await merging.liveSubscriptions(ctx.tx, tenantId, id)
  const toCancel = live.filter(({ state }) => state !== 'terminating')
  const ending = new Set(live.map((one) => one.id))
  const credited = new Set(
    flags.cancelSubscriptions
      ? toCancel.filter((one) => UNDELIVERED.has(one.state)).map((one) => one.id)
      : [],
  )

  for (const one of live) {
    if (one.state === 'terminating') add(ends, 'subscription', one, 'It is being ended already.')
    else if (flags.cancelSubscriptions) add(ends, 'subscription', one, 'It is cancelled now.')
    else add(blockers, 'subscription', one, `It is live. ${CANCEL}`)
  }
  for (const pod of await merging.livePods(ctx.tx, tenantId, id)) {
    if (pod.subscription_id === null || !ending.has(pod.subscription_id)) {
      if (pod.state === 'deleting' || pod.state === 'recoverable')
        add(ends, 'cloudPod', pod, 'It is deleted already.')
      else
        add(
          blockers,
          'cloudPod',
          pod,
          'It belongs to no subscription that could be cancelled. Destroy it first.',
        )
    } else if (flags.cancelSubscriptions) add(ends, 'cloudPod', pod, 'It is destroyed with everything on it.')
  }
  for (const invoice of await merging.unpaidInvoices(ctx.tx, tenantId, id)) {
    const open = formatMoney(invoice.open_minor, invoice.currency)
    if (invoice.subscription_id !== null && credited.has(invoice.subscription_id))
      add(ends, 'invoice', invoice, `${open} are credited, because nothing was delivered.`)
    else add(blockers, 'invoice', invoice, `${open} are not paid. Have it paid first.`)
  }
  for (const label of await creditAfter(ctx, tenantId, id, [...credited])) {
    const credit = { kind: 'credit', id: null, label } as const
    if (flags.keepCredit)
      ends.push({ ...credit, text: 'It stays in the ledger, and is there after a reopening.' })
    else blockers.push({ ...credit, text: 'The customer has it in hand. Pay it back, or close and keep it.' })
  }
  return { blockers, ends, toCancel }
}

/** What the customer has in hand once these subscriptions were cancelled: what was paid for them comes back as credit. */
async function creditAfter(ctx: Ctx, tenantId: string, id: string, cancelled: string[]): Promise<string[]> {
  const credit = new Map<string, bigint>()
  const give = (currency: string, minor: bigint) =>
    void credit.set(currency, (credit.get(currency) ?? 0n) + minor)
  for (const { account, currency, amount_minor } of await merging.balances(ctx.tx, tenantId, id))
    if (account === 'credit') give(currency, -amount_minor)
  for (const { currency, paid_minor } of await merging.paidFor(ctx.tx, tenantId, cancelled))
    give(currency, paid_minor)
  return [...credit]
    .filter(([, minor]) => minor > 0n)
    .map(([currency, minor]) => formatMoney(minor, currency))
}

/**
 * Closes a customer, or says what that would mean. Nothing live and nothing owed is left behind: what is live is either
 * cancelled in the same transaction or prevents it.
 * @throws AppError not_found, invalid_state with what prevents it
 */
export async function close(
  ctx: Ctx,
  tenantId: string,
  id: string,
  { dryRun, reason, ...flags }: z.infer<typeof closeBody>,
): Promise<Closing> {
  const before = await lockFor(ctx, tenantId, id, 'close')
  await merging.lockMoney(ctx.tx, tenantId, id)
  const { toCancel, blockers, ends } = await matters(ctx, tenantId, id, flags)
  if (dryRun) return { customer: before, closed: false, blockers, ends }
  requireNone(blockers)
  for (const one of toCancel)
    await BillingService.cancel(ctx, tenantId, one.id, {
      when: 'now',
      reason: reason || 'the customer was closed',
    })
  // Looked at again as it has become: what was said before is only a forecast.
  requireNone((await matters(ctx, tenantId, id, { ...flags, cancelSubscriptions: true })).blockers)
  await customers.update(ctx.tx, id, { state: 'closed', closed_at: ctx.now(), updated_at: ctx.now() })
  await emit(ctx, before, 'CUSTOMER_CLOSED', 'closed', { reason, cancelled: toCancel.map((one) => one.id) })
  return { customer: await get(ctx, tenantId, id), closed: true, blockers: [], ends }
}

function requireNone(blockers: ClosingMatter[]): void {
  const [first] = blockers
  if (!first) return
  const more = blockers.length > 1 ? ` And ${blockers.length - 1} more.` : ''
  throw new AppError('invalid_state', `${first.label}: ${first.text}${more}`, { details: { blockers } })
}

/** @throws AppError not_found, invalid_state */
export async function reopen(ctx: Ctx, tenantId: string, id: string): Promise<Customer> {
  const before = await lockFor(ctx, tenantId, id, 'reopen')
  await customers.update(ctx.tx, id, { state: 'active', closed_at: null, updated_at: ctx.now() })
  await emit(ctx, before, 'CUSTOMER_REOPENED', 'active')
  return get(ctx, tenantId, id)
}

/**
 * Takes the personal data out of a closed customer, and of those that were merged into it. Invoices, payments and the
 * ledger stay: the law wants them kept, with the buyer printed on them.
 * @throws AppError not_found, invalid_state while it is open or something is still being ended
 */
export async function erase(ctx: Ctx, tenantId: string, id: string, reason: string): Promise<Customer> {
  const before = await lockFor(ctx, tenantId, id, 'erase')
  const [live, pods] = [
    await merging.liveSubscriptions(ctx.tx, tenantId, id),
    await merging.livePods(ctx.tx, tenantId, id),
  ]
  if (live.length + pods.length > 0)
    throw new AppError(
      'invalid_state',
      'Something of the customer is still being ended. Try again once it is gone.',
    )
  const ids = await merging.withMerged(ctx.tx, tenantId, id)
  await merging.erase(ctx.tx, ids, ctx.now())
  // Neither the old name nor any other value: the audit log is kept for ever.
  await auditService.record(ctx, {
    action: 'CUSTOMER_ERASED',
    tenantId,
    target: { type: 'customer', id: before.id },
    details: { reason, customers: ids },
  })
  return get(ctx, tenantId, id)
}

async function lockFor(
  ctx: Ctx,
  tenantId: string,
  id: string,
  action: 'close' | 'reopen' | 'erase',
): Promise<Customer> {
  if (!(await customers.lock(ctx.tx, tenantId, id))) throw notFound('customer')
  const customer = await get(ctx, tenantId, id)
  requireAllowed(canCustomer[action](customer))
  return customer
}

async function emit(
  ctx: Ctx,
  before: Customer,
  action: string,
  state: Customer['state'],
  details?: Record<string, unknown>,
): Promise<void> {
  await auditService.record(ctx, {
    action,
    tenantId: before.tenantId,
    target: { type: 'customer', id: before.id, label: before.name },
    diff: { state: [before.state, state] },
    ...(details ? { details } : {}),
  })
}

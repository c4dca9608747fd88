import type { ChangePreview } from '../../../shared/api/billingChanges.ts'
import type { Invoice, Subscription } from '../../../shared/api/billing.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import type { Ctx } from '../../context.ts'
import * as changes from '../../db/billingChanges.ts'
import type { ContractRow } from '../../db/billingContracts.ts'
import { AppError, notFound } from '../../errors.ts'
import { canonicalJson } from '../../lib/canonicalJson.ts'
import { sha256 } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import { addDays, localDate } from '../../lib/period.ts'
import { toMoney } from '../../lib/money.ts'
import * as provisioningService from '../provisioningService.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { emit } from './changes.ts'
import { changeNow, planChange } from './planChanging.ts'
import { take, termsOf } from './contracts.ts'
import { invoiceOf } from './outlook.ts'
import { getInvoice } from './payments.ts'
import * as present from './present.ts'
import { quoteOf, type Quote, type Wish } from './quote.ts'
import { calendar } from './calendar.ts'
import type { Terms } from './contractPeriods.ts'
import { get } from './subscriptions.ts'

/** How long what was shown may be carried out. */
const LASTS_MS = 10 * 60_000

/** What a token says; it is sealed with the installation's key, and bound to its subscription by the purpose. */
type Token = { id: string; version: number; wish: Wish; shown: string; expiresAt: string }
type Shown = Omit<ChangePreview, 'token' | 'expiresAt'>

const purposeOf = (tenantId: string, id: string): string => `subscriptionChange:${tenantId}:${id}`

/**
 * Shows what a change comes to: the lines that would be charged, when they are due, and what becomes of the pod. The token
 * carries out exactly this.
 * @throws AppError not_found, invalid_input, conflict for a plan without a price for the present interval
 */
export async function previewChange(
  ctx: Ctx,
  tenantId: string,
  id: string,
  wish: Wish,
): Promise<ChangePreview> {
  const row = await taken(ctx, tenantId, id)
  const quote = await quoteOf(ctx, row, wish)
  const shown = await show(ctx, row, quote)
  await emit(ctx, row, 'SUBSCRIPTION_CHANGE_PREVIEWED', undefined, {
    plan: quote.plan.code,
    price: quote.price.id,
    when: wish.when,
    total: quote.totalMinor,
  })
  if (quote.blockers.length > 0) return { ...shown, token: null, expiresAt: null }
  const expiresAt = new Date(ctx.now().getTime() + LASTS_MS).toISOString()
  const token: Token = { id: newId(), version: row.version, wish, shown: digest(shown), expiresAt }
  const sealed = ctx.sealer.seal(JSON.stringify(token), purposeOf(tenantId, id))
  return { ...shown, token: sealed.toString('base64url'), expiresAt }
}

async function taken(ctx: Ctx, tenantId: string, id: string): Promise<ContractRow> {
  const row = await take(ctx, tenantId, id)
  if (!row) throw notFound('subscription')
  if (row.anchor_date === null)
    throw new AppError('invalid_state', 'Only a delivered subscription gets another plan or price.')
  return row
}

const digest = (shown: Shown): string => sha256(canonicalJson(shown)).toString('base64url')

async function show(ctx: Ctx, row: ContractRow, quote: Quote): Promise<Shown> {
  const money = (minor: bigint) => toMoney(minor, row.currency)
  const terms = await termsOf(ctx, row.tenant_id, row.plan_id)
  const used = quote.creditMinor < quote.totalMinor ? quote.creditMinor : quote.totalMinor
  const isNow = quote.when === 'now'
  // What is charged with the change itself is not in hand any more when the next invoice is issued.
  const left = isNow ? quote.creditMinor - used + quote.carriedMinor : quote.creditMinor
  const [first, second] = nextInvoices(ctx, { ...quote.after, creditMinor: left }, terms, row.currency)
  const today = localDate(ctx.now(), row.billing_tz)
  const bill = isNow
    ? { issued: today, dueDate: await dueDateOf(ctx, row, today), fromCredit: money(used) }
    : (first ?? { issued: today, dueDate: today, fromCredit: money(0n) })
  const following = isNow ? first : second
  return {
    plan: { id: quote.plan.id, code: quote.plan.code, name: quote.plan.name },
    price: present.price(quote.price),
    when: quote.when,
    effectiveAt: quote.begins.toISOString(),
    lines: quote.lines.map(({ kind, description, days, netMinor, taxMinor }) => ({
      kind,
      description,
      from: days?.from ?? null,
      to: days && addDays(days.to, -1),
      amount: money(netMinor),
      tax: money(taxMinor),
    })),
    tax: money(quote.taxMinor),
    taxedBecause: quote.taxedBecause,
    total: money(quote.totalMinor),
    fromCredit: bill.fromCredit,
    issued: bill.issued,
    dueDate: quote.totalMinor === 0n ? null : bill.dueDate,
    takenBack: quote.takenBack.map((invoice) => ({
      id: invoice.id,
      number: invoice.number ?? '',
      total: money(invoice.total_minor),
    })),
    next: following ?? null,
    pod: quote.pod && {
      id: quote.pod.id,
      hostname: quote.pod.hostname,
      from: quote.pod.from,
      to: quote.pod.to,
      resized: quote.pod.resized,
      needsRestart: quote.pod.needsRestart,
    },
    blockers: quote.blockers,
  }
}

/** What is issued next, as the automation would. */
function nextInvoices(ctx: Ctx, after: Quote['after'], terms: Terms, currency: string) {
  const now = ctx.now()
  const until = new Date(now.getTime() + 400 * 366 * 86_400_000)
  return calendar({ ...after, due: [] }, terms, { now, until, paid: true, limit: 6 })
    .filter(({ what }) => what === 'bill')
    .map((step) => ({
      issued: localDate(step.at, after.timeZone),
      ...invoiceOf(step, terms, currency),
    }))
}

async function dueDateOf(ctx: Ctx, row: ContractRow, today: string): Promise<string> {
  const settings = await settingsService.effective(ctx, row.tenant_id)
  return addDays(today, Number(settings['billing.paymentTermDays'].value))
}

export type Changed = { subscription: Subscription; invoice: Invoice | null; job: Job | null }

/**
 * Carries out what a preview has shown, or nothing. The same token again answers what it has done and charges nothing more.
 * @throws AppError not_found, invalid_input for what is no token of it, preview_expired, precondition_failed when anything that was
 * shown is different now, and what stands against the change
 */
export async function change(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: { token: string },
): Promise<Changed> {
  const row = await taken(ctx, tenantId, id)
  const token = opened(ctx, tenantId, id, body.token)
  const before = await changes.find(ctx.tx, tenantId, token.id)
  if (before) return answer(ctx, tenantId, id, { invoiceId: before.invoice_id, job: null })
  if (new Date(token.expiresAt) <= ctx.now())
    throw new AppError('preview_expired', 'The preview is older than ten minutes: look at it again.')
  const quote = await quoteOf(ctx, row, token.wish)
  const [blocker] = quote.blockers
  if (blocker) throw new AppError(blocker.code, blocker.message)
  if (row.version !== token.version)
    throw new AppError(
      'precondition_failed',
      'The subscription was changed since: look at the preview again.',
    )
  if (digest(await show(ctx, row, quote)) !== token.shown)
    throw new AppError(
      'precondition_failed',
      'What was shown is different by now, such as the day, an invoice or the credit in hand: look at the preview again.',
    )
  const order = { id: token.id, row, quote, restart: token.wish.restart }
  return answer(ctx, tenantId, id, await (quote.when === 'now' ? changeNow : planChange)(ctx, order))
}

/** @throws AppError invalid_input */
function opened(ctx: Ctx, tenantId: string, id: string, token: string): Token {
  try {
    return JSON.parse(ctx.sealer.open(Buffer.from(token, 'base64url'), purposeOf(tenantId, id))) as Token
  } catch (error) {
    const message = 'This is no token of a preview of this subscription.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'token', message }], cause: error })
  }
}

async function answer(
  ctx: Ctx,
  tenantId: string,
  id: string,
  { invoiceId, job }: { invoiceId: string | null; job: { id: string } | null },
): Promise<Changed> {
  return {
    subscription: await get(ctx, tenantId, id),
    invoice: invoiceId === null ? null : await getInvoice(ctx, tenantId, invoiceId),
    job: job && (await provisioningService.getJob(ctx, job.id)),
  }
}

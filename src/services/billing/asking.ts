import type { Ctx } from '../../context.ts'
import * as attempts from '../../db/billingAttempts.ts'
import type { AttemptRow } from '../../db/billingAttempts.ts'
import * as customers from '../../db/customers.ts'
import * as invoices from '../../db/billingInvoices.ts'
import type { InvoiceRow } from '../../db/billingInvoices.ts'
import * as providers from '../../db/billingProviders.ts'
import type { ProviderRow } from '../../db/billingProviders.ts'
import { notFound } from '../../errors.ts'
import type { BillingConnection } from '../../integrations/billing/types.ts'
import { wordsIn, type Words } from '../../words.ts'
import * as auditService from '../auditService.ts'
import * as mailService from '../mailService.ts'
import { applyPage, applyPayment } from './converging.ts'
import { beginLink, LINK_LEFT_MS } from './collecting.ts'
import { openMinor } from './invoicing.ts'
import { returnUrlOf } from './methods.ts'
import { connectionOf } from './providers.ts'
import { pageFrom, paymentFrom, type Kept, type KeptPage, type KeptPayment } from './seen.ts'

/** The very words in which a provider is asked for an attempt: the same whenever they are sent again. */
export type Ask = {
  attemptId: string
  tenantId: string
  customerId: string
  providerId: string
  /** Null: a page to pay on is made. */
  method: { ref: string; customerRef: string } | null
  amountMinor: string
  currency: string
  description: string
  returnUrl: string
  expiresAt: string | null
  /** Nothing of it was made before. */
  since: string
  sentAt: string
}

/** @throws AppError not_found */
export async function providerRow(ctx: Ctx, id: string): Promise<ProviderRow> {
  const row = await providers.find(ctx.tx, id)
  if (!row) throw notFound('payment provider')
  return row
}

/** @throws AppError not_found */
export const connectionFor = async (ctx: Ctx, id: string): Promise<BillingConnection> =>
  connectionOf(ctx, await providerRow(ctx, id))

export const takeLook = (ctx: Ctx): Promise<bigint> => providers.takeLook(ctx.tx)

/**
 * The words for an attempt, once it may be asked for: from now on it may have been. Null when there is nothing to ask for any
 * more: the invoice was paid or credited meanwhile.
 */
export async function open(ctx: Ctx, tenantId: string, attemptId: string): Promise<Ask | null> {
  const row = await attempts.lock(ctx.tx, tenantId, attemptId)
  if (!row || row.ended_at !== null) return null
  const invoice = await invoices.lock(ctx.tx, tenantId, row.invoice_id)
  const isOpen = isPayable(invoice, row)
  const isLate = row.expires_at !== null && row.expires_at.getTime() - ctx.now().getTime() < LINK_LEFT_MS
  if (row.sent_at === null && (!isOpen || isLate)) {
    await end(ctx, row, 'cancelled', isOpen ? 'It came too late.' : NOT_OPEN)
    return null
  }
  const sentAt = row.sent_at ?? ctx.now()
  if (row.sent_at === null) await attempts.update(ctx.tx, row.id, { state: 'sent', sent_at: sentAt })
  return {
    attemptId: row.id,
    tenantId,
    customerId: row.customer_id,
    providerId: row.provider_id,
    method: row.method_id === null ? null : await methodOf(ctx, row),
    amountMinor: String(row.amount_minor),
    currency: row.currency,
    description: invoiceText(wordsIn(invoice?.language ?? 'en'), invoice?.number ?? row.invoice_id),
    returnUrl: returnUrlOf(ctx, row.customer_id),
    expiresAt: row.expires_at?.toISOString() ?? null,
    since: row.created_at.toISOString(),
    sentAt: sentAt.toISOString(),
  }
}

/**
 * Whether an attempt that waited, and was proven not to have been carried out, is still to be asked for. It may have waited for
 * hours, and the invoice may have been paid in another way: then it ends here.
 */
export async function isStillWanted(ctx: Ctx, { tenantId, attemptId }: Ask): Promise<boolean> {
  const row = await attempts.lock(ctx.tx, tenantId, attemptId)
  if (!row || row.ended_at !== null) return false
  if (isPayable(await invoices.lock(ctx.tx, tenantId, row.invoice_id), row)) return true
  await end(ctx, row, 'cancelled', NOT_OPEN)
  return false
}

const NOT_OPEN = 'The invoice is no longer open.'

/** Whether as much is still open as the attempt is for. */
const isPayable = (invoice: InvoiceRow | undefined, { amount_minor: amount }: AttemptRow): boolean =>
  invoice?.status === 'open' && openMinor(invoice) >= amount

/** As the provider shows it to the customer. */
const invoiceText = ({ t }: Words, number: string): string => t`Invoice ${number}`

async function methodOf(ctx: Ctx, row: AttemptRow): Promise<Ask['method']> {
  const method = await providers.lockMethod(ctx.tx, row.tenant_id, row.method_id ?? '')
  const link = method && (await providers.linkById(ctx.tx, method.billing_customer_id))
  if (!method || link?.external_id == null) throw new Error(`attempt ${row.id} has lost its method`)
  return { ref: method.external_id, customerRef: link.external_id }
}

const end = (
  ctx: Ctx,
  row: Pick<AttemptRow, 'id'>,
  state: 'cancelled' | 'failed',
  problem: string,
): Promise<void> => attempts.update(ctx.tx, row.id, { state, problem, url: null, ended_at: ctx.now() })

export type Answer =
  | { of: 'payment'; seen: Kept<KeptPayment> }
  | { of: 'page'; seen: Kept<KeptPage> }
  | { of: 'refusal'; code: string; message: string }

/** What came of an attempt is taken over; the customer hears what he has to do about it. */
export async function settle(ctx: Ctx, ask: Ask, answer: Answer, mail: boolean): Promise<void> {
  const provider = await providerRow(ctx, ask.providerId)
  if (answer.of === 'refusal') return refused(ctx, ask, answer)
  if (answer.of === 'page') {
    await applyPage(ctx, provider, pageFrom(answer.seen))
    if (mail) await tell(ctx, ask, answer.seen.found)
    return
  }
  const seen = paymentFrom(answer.seen)
  await applyPayment(ctx, provider, seen)
  if (seen.found.status === 'declined' && seen.found.decline?.needsCustomer === true)
    await askCustomer(ctx, ask)
}

async function refused(
  ctx: Ctx,
  ask: Ask,
  { code, message }: { code: string; message: string },
): Promise<void> {
  const row = await attempts.lock(ctx.tx, ask.tenantId, ask.attemptId)
  if (!row || row.ended_at !== null) return
  await end(ctx, row, 'failed', message)
  await attempts.update(ctx.tx, row.id, { problem_code: code })
  await auditService.record(ctx, {
    action: 'PAYMENT_FAILED',
    tenantId: ask.tenantId,
    target: { type: 'invoice', id: row.invoice_id },
    outcome: 'error',
    details: { attempt: row.id, code, message },
  })
}

/** The bank wants to hear it from the customer himself: he is sent a link. */
async function askCustomer(ctx: Ctx, ask: Ask): Promise<void> {
  const row = await attempts.lock(ctx.tx, ask.tenantId, ask.attemptId)
  const invoice = row && (await invoices.lock(ctx.tx, ask.tenantId, row.invoice_id))
  if (!invoice || invoice.status !== 'open' || (await attempts.openOf(ctx.tx, invoice.id))) return
  await beginLink(ctx, ask.tenantId, invoice.id, { mail: true, reason: 'authentication' })
}

/** Written in the transaction that notes the page: told once, and only of a page that is there. */
async function tell(ctx: Ctx, ask: Ask, page: KeptPage): Promise<void> {
  const customer = await customers.find(ctx.tx, ask.tenantId, ask.customerId)
  if (!customer || customer.erased_at !== null || page.url === null || page.status !== 'open') return
  const attempt = await attempts.lock(ctx.tx, ask.tenantId, ask.attemptId)
  const invoice = attempt && (await invoices.find(ctx.tx, ask.tenantId, attempt.invoice_id))
  const { email, language } = customer
  await mailService.send(ctx, { email, tenantId: ask.tenantId, language }, 'paymentLink', {
    invoice: invoice?.number ?? '',
    total: { amount: ask.amountMinor, currency: ask.currency },
    link: page.url,
    validUntil: new Date(page.expiresAt),
  })
}

import type { Ctx } from '../../context.ts'
import type { SubscriptionRow } from '../../db/billing.ts'
import type { CreditNoteRow } from '../../db/billingCreditNotes.ts'
import type { InvoiceRow } from '../../db/billingInvoices.ts'
import * as customers from '../../db/customers.ts'
import * as pods from '../../db/cloudPods.ts'
import { toMoney } from '../../lib/money.ts'
import { localDate } from '../../lib/period.ts'
import * as mailService from '../mailService.ts'
import type { Issued } from './invoicing.ts'
import { amountOf, type Contract, type Terms } from './contractPeriods.ts'
import { calendar } from './calendar.ts'
import { isKept } from './schedule.ts'
import { taxationOf } from './taxing.ts'

/** What customers are told. Written in the transaction of what it tells, so it is told once, and only if it happened. */

const YEARS_MS = 3 * 366 * 86_400_000

const toCustomer = (customer: Told): mailService.Recipient => ({
  email: customer.email,
  tenantId: customer.tenant_id,
  language: customer.language,
})
type Told = { email: string; tenant_id: string; language: string | null }

/** The mail address of who pays, unless his data were erased. */
async function payer(ctx: Ctx, row: SubscriptionRow) {
  const customer = await customers.find(ctx.tx, row.tenant_id, row.customer_id)
  if (!customer || customer.erased_at !== null) return null
  return toCustomer(customer)
}

async function what(ctx: Ctx, row: SubscriptionRow): Promise<string | null> {
  return (await pods.ofSubscription(ctx.tx, row.tenant_id, row.id))?.hostname ?? null
}

export async function invoiceIssued(
  ctx: Ctx,
  row: SubscriptionRow,
  customer: Told,
  issued: Issued,
): Promise<void> {
  if (issued.totalMinor === 0n) return
  await mailService.send(
    ctx,
    toCustomer(customer),
    'invoiceIssued',
    {
      what: await what(ctx, row),
      number: issued.number,
      total: toMoney(issued.totalMinor, row.currency),
      open: issued.openMinor === 0n ? null : toMoney(issued.openMinor, row.currency),
      dueDate: issued.dueDate,
    },
    { invoiceId: issued.id },
  )
}

export async function planChanged(
  ctx: Ctx,
  row: SubscriptionRow,
  { planName, issued }: { planName: string; issued: Issued },
): Promise<void> {
  const to = await payer(ctx, row)
  if (to === null) return
  await mailService.send(
    ctx,
    to,
    'planChanged',
    {
      what: await what(ctx, row),
      plan: planName,
      number: issued.number,
      total: toMoney(issued.totalMinor, row.currency),
      open: issued.openMinor === 0n ? null : toMoney(issued.openMinor, row.currency),
      dueDate: issued.dueDate,
    },
    { invoiceId: issued.id },
  )
}

export async function planChangeUndone(ctx: Ctx, row: SubscriptionRow, planName: string): Promise<void> {
  const to = await payer(ctx, row)
  if (to === null) return
  await mailService.send(ctx, to, 'planChangeUndone', { what: await what(ctx, row), plan: planName })
}

/** When a step comes if nothing is paid. */
function dayOf(ctx: Ctx, of: Contract, terms: Terms, step: 'suspend' | 'terminate'): string | null {
  if (terms[step === 'suspend' ? 'suspendAfterDays' : 'terminateAfterDays'] === null) return null
  const until = new Date(ctx.now().getTime() + YEARS_MS)
  const planned = calendar({ ...of, cancelAt: null }, terms, {
    now: ctx.now(),
    until,
    paid: false,
    limit: 200,
  })
  const found = planned.find(({ what: name }) => name === step)
  return found ? localDate(found.at, of.timeZone) : null
}

export async function overdue(ctx: Ctx, row: SubscriptionRow, of: Contract, terms: Terms): Promise<void> {
  const to = await payer(ctx, row)
  const [since] = of.due
  if (to === null || since === undefined) return
  const suspendedOn = dayOf(ctx, of, terms, 'suspend')
  await mailService.send(ctx, to, 'invoiceOverdue', { what: await what(ctx, row), since, suspendedOn })
}

export async function finalWarning(
  ctx: Ctx,
  row: SubscriptionRow,
  of: Contract,
  terms: Terms,
): Promise<void> {
  const to = await payer(ctx, row)
  const endsOn = dayOf(ctx, of, terms, 'terminate')
  if (to === null || endsOn === null) return
  await mailService.send(ctx, to, 'subscriptionEnds', { what: await what(ctx, row), endsOn })
}

/** What a trial is followed by, and when. */
export async function trialEnds(ctx: Ctx, row: SubscriptionRow, of: Contract): Promise<void> {
  const customer = await customers.find(ctx.tx, row.tenant_id, row.customer_id)
  const to = await payer(ctx, row)
  if (!customer || to === null || of.trial === null) return
  const told = { what: await what(ctx, row), endsOn: of.anchor }
  if (!isKept(of.trial)) {
    await mailService.send(ctx, to, 'trialEnds', { ...told, needsMethod: of.trial.after === 'method' })
    return
  }
  const { treatment } = await taxationOf(ctx, row.tenant_id, customer, of.anchor)
  const total = toMoney(amountOf({ ...of, tax: treatment }, 0), row.currency)
  await mailService.send(ctx, to, 'trialGoesOn', { ...told, total })
}

export async function suspended(ctx: Ctx, row: SubscriptionRow): Promise<void> {
  const to = await payer(ctx, row)
  if (to !== null) await mailService.send(ctx, to, 'subscriptionSuspended', { what: await what(ctx, row) })
}

export async function paused(ctx: Ctx, row: SubscriptionRow): Promise<void> {
  const to = await payer(ctx, row)
  if (to === null) return
  await mailService.send(ctx, to, 'subscriptionPaused', {
    what: await what(ctx, row),
    until: row.paused_until,
  })
}

export async function restored(ctx: Ctx, row: SubscriptionRow): Promise<void> {
  const to = await payer(ctx, row)
  if (to !== null) await mailService.send(ctx, to, 'subscriptionRestored', { what: await what(ctx, row) })
}

/** What was taken back of an invoice, with the credit note. */
export async function creditNoteIssued(ctx: Ctx, invoice: InvoiceRow, note: CreditNoteRow): Promise<void> {
  const customer = await customers.find(ctx.tx, invoice.tenant_id, invoice.customer_id)
  if (!customer || customer.erased_at !== null) return
  const facts = {
    number: note.number,
    invoice: invoice.number ?? '',
    total: toMoney(note.total_minor, note.currency),
    reason: note.reason,
  }
  const along = { invoiceId: invoice.id, creditNote: note.id }
  await mailService.send(ctx, toCustomer(customer), 'creditNoteIssued', facts, along)
}

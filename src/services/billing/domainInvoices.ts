import type { Ctx } from '../../context.ts'
import * as customers from '../../db/customers.ts'
import * as invoices from '../../db/billingInvoices.ts'
import * as tenants from '../../db/tenants.ts'
import { notFound } from '../../errors.ts'
import { localDate } from '../../lib/period.ts'
import type { Words } from '../../words.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { creditInvoice, type Reason } from './crediting.ts'
import { issue, usableCredit, type Issued } from './invoicing.ts'
import { wordsFor } from './lineWords.ts'

const DAY_MS = 86_400_000

/**
 * Issues the invoice of one deed about a domain, paid as far as it goes with what the customer has in hand.
 * @throws AppError not_found
 */
export async function issueForDomain(
  ctx: Ctx,
  order: {
    tenantId: string
    customerId: string
    operationId: string
    currency: string
    minor: bigint
    describe: (words: Words) => string
    /** Null: as long as an order of this tenant may wait. */
    dueAt: Date | null
  },
): Promise<Issued> {
  const { tenantId, currency } = order
  const customer = await customers.find(ctx.tx, tenantId, order.customerId)
  const tenant = await tenants.find(ctx.tx, tenantId)
  if (!customer || !tenant) throw notFound('customer')
  const of = await settingsService.effective(ctx, tenantId)
  const waits = new Date(ctx.now().getTime() + Number(of['billing.paymentTermDays'].value) * DAY_MS)
  const words = await wordsFor(ctx, tenantId, customer)
  return issue(ctx, {
    words,
    subscription: { id: null, tenant_id: tenantId, currency, billing_tz: tenant.billing_tz },
    customer,
    seller: tenant,
    dueDate: localDate(order.dueAt ?? waits, tenant.billing_tz),
    lines: [
      {
        itemId: null,
        kind: 'domain',
        period: null,
        description: order.describe(words),
        minor: order.minor,
        dedupeKey: `domain:${order.operationId}`,
      },
    ],
    useCredit: (totalMinor) =>
      usableCredit(ctx, { tenant_id: tenantId, currency }, order.customerId, totalMinor),
  })
}

/** Takes the invoice of a deed back that came to nothing; what was paid becomes the customer's credit. */
export async function creditForDomain(
  ctx: Ctx,
  tenantId: string,
  invoiceId: string,
  reason: Reason,
): Promise<void> {
  const invoice = await invoices.lock(ctx.tx, tenantId, invoiceId)
  if (invoice) await creditInvoice(ctx, invoice, reason)
}

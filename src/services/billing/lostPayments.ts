import type { Ctx } from '../../context.ts'
import * as attempts from '../../db/billingAttempts.ts'
import * as providers from '../../db/billingProviders.ts'
import type { ProviderRow } from '../../db/billingProviders.ts'
import type { PaymentFound } from '../../integrations/billing/types.ts'
import { formatMoney } from '../../lib/money.ts'
import { settle, type Difference } from './findings.ts'

type Words = Pick<Difference, 'kind' | 'expected' | 'found'>

/** What there is to say of money that a provider has taken and that no payment of ours stands for; nothing once it went back or was recorded by hand. */
export async function unbooked(ctx: Ctx, tenantId: string, found: PaymentFound | null): Promise<Words[]> {
  if (found?.status !== 'succeeded') return []
  const back = found.refunds.reduce(
    (sum, { status, amountMinor }) => (status === 'failed' ? sum : sum + amountMinor),
    0n,
  )
  if (back >= found.amountMinor || (await attempts.isRecordedByHand(ctx.tx, tenantId, found.ref))) return []
  return [
    {
      kind: 'payment_not_booked',
      expected: `The provider has taken ${formatMoney(found.amountMinor, found.currency)}.`,
      found: 'No payment is booked for it.',
    },
  ]
}

/**
 * A provider has a payment that carries our mark, and here is nothing that has asked for it: a part of a backup was put back, or
 * somebody has removed the row. The tenant is that of the customer whose money it was; of a customer that nobody knows nothing can
 * be told to anybody.
 */
export async function noteLost(ctx: Ctx, provider: ProviderRow, found: PaymentFound): Promise<void> {
  if (found.mark === null || found.customerRef === null) return
  const link = await providers.findLink(ctx.tx, provider.id, found.customerRef)
  if (!link || (await attempts.findPaymentByRef(ctx.tx, link.tenant_id, provider.kind, found.ref))) return
  const about = {
    key: found.ref,
    subject: { type: 'provider' as const, id: provider.id },
    label: found.ref,
  }
  const of = { tenantId: link.tenant_id, kinds: ['payment_not_booked'] as const, providerId: provider.id }
  const words = await unbooked(ctx, link.tenant_id, found)
  await settle(
    ctx,
    { ...of, key: found.ref },
    words.map((one) => ({ ...one, ...about })),
  )
}

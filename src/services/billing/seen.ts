import type { HostedPage, PaymentFound } from '../../integrations/billing/types.ts'
import type { Seen } from './converging.ts'

/**
 * What was seen, as a step of a job keeps it: numbers of any size and times are text there. `settle` of the next step reads it.
 */
export type Kept<T> = { look: string; found: T }
type KeptPayment = Omit<PaymentFound, 'amountMinor' | 'refunds'> & {
  amountMinor: string
  refunds: (Omit<PaymentFound['refunds'][number], 'amountMinor'> & { amountMinor: string })[]
}
type KeptPage = Omit<HostedPage, 'expiresAt'> & { expiresAt: string }

export const keepPayment = ({ look, found }: Seen<PaymentFound>): Kept<KeptPayment> => ({
  look: String(look),
  found: {
    ...found,
    amountMinor: String(found.amountMinor),
    refunds: found.refunds.map((refund) => ({ ...refund, amountMinor: String(refund.amountMinor) })),
  },
})

export const paymentFrom = ({ look, found }: Kept<KeptPayment>): Seen<PaymentFound> => ({
  look: BigInt(look),
  found: {
    ...found,
    amountMinor: BigInt(found.amountMinor),
    refunds: found.refunds.map((refund) => ({ ...refund, amountMinor: BigInt(refund.amountMinor) })),
  },
})

export const keepPage = ({ look, found }: Seen<HostedPage>): Kept<KeptPage> => ({
  look: String(look),
  found: { ...found, expiresAt: found.expiresAt.toISOString() },
})

export const pageFrom = ({ look, found }: Kept<KeptPage>): Seen<HostedPage> => ({
  look: BigInt(look),
  found: { ...found, expiresAt: new Date(found.expiresAt) },
})

export type { KeptPage, KeptPayment }

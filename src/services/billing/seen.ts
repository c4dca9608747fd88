import type { DisputeFound, HostedPage, PaymentFound } from '../../integrations/billing/types.ts'
import type { Seen } from './converging.ts'

/**
 * What was seen, as a step of a job keeps it: numbers of any size and times are text there. `settle` of the next step reads it.
 */
export type Kept<T> = { look: string; found: T }
type KeptDispute = Omit<
  DisputeFound,
  'amountMinor' | 'withdrawnMinor' | 'feeMinor' | 'evidenceDueAt' | 'openedAt'
> & {
  amountMinor: string
  withdrawnMinor: string
  feeMinor: string
  evidenceDueAt: string | null
  openedAt: string
}
type KeptPayment = Omit<PaymentFound, 'amountMinor' | 'refunds' | 'disputes'> & {
  amountMinor: string
  disputes: KeptDispute[]
  refunds: (Omit<PaymentFound['refunds'][number], 'amountMinor'> & { amountMinor: string })[]
}
type KeptPage = Omit<HostedPage, 'expiresAt'> & { expiresAt: string }

export const keepPayment = ({ look, found }: Seen<PaymentFound>): Kept<KeptPayment> => ({
  look: String(look),
  found: {
    ...found,
    amountMinor: String(found.amountMinor),
    refunds: found.refunds.map((refund) => ({ ...refund, amountMinor: String(refund.amountMinor) })),
    disputes: found.disputes.map((dispute) => ({
      ...dispute,
      amountMinor: String(dispute.amountMinor),
      withdrawnMinor: String(dispute.withdrawnMinor),
      feeMinor: String(dispute.feeMinor),
      evidenceDueAt: dispute.evidenceDueAt?.toISOString() ?? null,
      openedAt: dispute.openedAt.toISOString(),
    })),
  },
})

export const paymentFrom = ({ look, found }: Kept<KeptPayment>): Seen<PaymentFound> => ({
  look: BigInt(look),
  found: {
    ...found,
    amountMinor: BigInt(found.amountMinor),
    refunds: found.refunds.map((refund) => ({ ...refund, amountMinor: BigInt(refund.amountMinor) })),
    disputes: found.disputes.map((dispute) => ({
      ...dispute,
      amountMinor: BigInt(dispute.amountMinor),
      withdrawnMinor: BigInt(dispute.withdrawnMinor),
      feeMinor: BigInt(dispute.feeMinor),
      evidenceDueAt: dispute.evidenceDueAt === null ? null : new Date(dispute.evidenceDueAt),
      openedAt: new Date(dispute.openedAt),
    })),
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

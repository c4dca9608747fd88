import type { Outcome } from '../../lib/outcome.ts'

/**
 * Codes of `rejected`, each proven not to have been answered: `unreachable` (not sent), `unavailable` (the service, or the member
 * state behind it, does not answer now, or takes no more calls; all of these retryable), `blocked` (it answers us no more),
 * `invalid` (it does not take the number), `requester` (it does not take whoever asks).
 */
export type ViesCode = 'unreachable' | 'unavailable' | 'blocked' | 'invalid' | 'requester'

/** Whether a VAT number was given out. A no is an answer, and never an outage. */
export type TaxIdFound = {
  isValid: boolean
  /** The number of the consultation, by which it is proven later; only whoever names himself gets one. */
  reference: string | null
  /** To whom it was given out, where the member state says so. */
  traderName: string | null
}

/** Who is asked whether a VAT number was given out. A question may be repeated: it changes nothing there. */
export type TaxIdChecker = {
  /**
   * @param taxId in capitals with the member state in front, such as `IT00743110157`
   * @param requester whoever asks, in the same form, if he has a number of the union
   */
  check(taxId: string, requester: string | null): Promise<Outcome<TaxIdFound>>
}

import { createManual } from './manual.ts'
import { createStripe, type StripeReach } from './stripe.ts'
import { createPaces } from './stripePace.ts'
import type { BillingConnection, BillingProvider } from './types.ts'
import { createWhmcs } from './whmcs.ts'
import type { Send } from './whmcsHttp.ts'

/** How providers are reached: Stripe at one address for all, others at the addresses that people have typed. */
export type BillingReach = { stripe: StripeReach; send: Send; now: () => Date }

/** @param callsPerSecond of one key, by this process */
export const stripeAt = (base: string, callsPerSecond: number): StripeReach => ({
  base,
  paceOf: createPaces(callsPerSecond),
})

/** Whoever collects payments, as the contract of `types.ts` has it. */
export function createBilling(reach: BillingReach, connection: BillingConnection): BillingProvider {
  if (connection.kind === 'manual') return createManual()
  if (connection.kind === 'whmcs') return createWhmcs(reach.send, reach.now, connection)
  return createStripe(reach.stripe, reach.now, connection)
}

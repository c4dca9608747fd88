import { createManual } from './manual.ts'
import { createStripe } from './stripe.ts'
import type { BillingConnection, BillingProvider } from './types.ts'
import { createWhmcs } from './whmcs.ts'
import type { Send } from './whmcsHttp.ts'

/** How providers are reached: Stripe at one address for all, others at the addresses that people have typed. */
export type BillingReach = { stripeBase: string; send: Send; now: () => Date }

/** Whoever collects payments, as the contract of `types.ts` has it. */
export function createBilling(reach: BillingReach, connection: BillingConnection): BillingProvider {
  if (connection.kind === 'manual') return createManual()
  if (connection.kind === 'whmcs') return createWhmcs(reach.send, reach.now, connection)
  return createStripe(reach.stripeBase, connection)
}

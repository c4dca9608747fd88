import { createManual } from './manual.ts'
import { createStripe } from './stripe.ts'
import type { BillingConnection, BillingProvider } from './types.ts'

/** Whoever collects payments, as the contract of `types.ts` has it. */
export const createBilling = (stripeBase: string, connection: BillingConnection): BillingProvider =>
  connection.kind === 'manual' ? createManual() : createStripe(stripeBase, connection)

import { z } from 'zod'
import { id } from './common.ts'

/**
 * The outside systems of a hosting company, in the order in which they are usually connected, and who sells: without that
 * invoices are issued without tax.
 */
export const SETUP_STEPS = ['cluster', 'dns', 'ca', 'mail', 'company', 'payments'] as const

/** What invoices need before they are taxed: who sells, and by which rules. */
const TAX_NEEDS = ['seller', 'rules'] as const

const setupStep = z.object({
  step: z.enum(SETUP_STEPS),
  /**
   * simulated: something of mPanel's own stands in for it. unproven: it is set, and was not seen to work yet. failing: what was
   * last seen of it was an error. Of the company, failing: a tenant issues invoices without what `lacks` names; unproven: it is
   * known who sells, and there are no tax rules.
   */
  state: z.enum(['missing', 'simulated', 'unproven', 'failing', 'connected']),
  /** What can be checked; null: nothing. */
  id: id.nullable(),
  name: z.string().nullable(),
  problem: z.string().nullable(),
  /** What the invoices of the tenant `id` lack. */
  lacks: z.array(z.enum(TAX_NEEDS)),
})
export type SetupStep = z.infer<typeof setupStep>

export const setup = z.object({ steps: z.array(setupStep), dismissed: z.boolean() })
export type Setup = z.infer<typeof setup>

export const setupUpdate = z.strictObject({ dismissed: z.boolean() })

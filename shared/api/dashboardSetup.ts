import { z } from 'zod'
import { id } from './common.ts'

/** The outside systems of a hosting company, in the order in which they are usually connected. */
export const SETUP_STEPS = ['cluster', 'dns', 'ca', 'mail', 'payments'] as const

const setupStep = z.object({
  step: z.enum(SETUP_STEPS),
  /**
   * simulated: something of mPanel's own stands in for it. unproven: it is set, and was not seen to work yet. failing: what was
   * last seen of it was an error.
   */
  state: z.enum(['missing', 'simulated', 'unproven', 'failing', 'connected']),
  /** What can be checked; null: nothing. */
  id: id.nullable(),
  name: z.string().nullable(),
  problem: z.string().nullable(),
})
export type SetupStep = z.infer<typeof setupStep>

export const setup = z.object({ steps: z.array(setupStep), dismissed: z.boolean() })
export type Setup = z.infer<typeof setup>

export const setupUpdate = z.strictObject({ dismissed: z.boolean() })

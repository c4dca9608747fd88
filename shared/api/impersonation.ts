import { z } from 'zod'
import { id, listQuery, timestamp } from './common.ts'

const reason = z.string().trim().min(10, 'Say in a sentence why: at least 10 characters.').max(500)

export const viewAsBody = z.strictObject({ reason })
export const impersonationBody = z.strictObject({ reason, readOnly: z.boolean().default(false) })

export const ownImpersonationList = listQuery.omit({ tenantId: true })

/** When an operator acted under the user's name, and why. */
export const ownImpersonation = z.object({
  id,
  startedAt: timestamp,
  endedAt: timestamp,
  by: z.string(),
  reason: z.string(),
  readOnly: z.boolean(),
})
export type OwnImpersonation = z.infer<typeof ownImpersonation>

import { z } from 'zod'
import { FILTERED_LISTS } from '../states/savedFilter.ts'
import { id, timestamp } from './common.ts'

/** What the address of a list holds behind its question mark. */
const search = z
  .record(z.string().regex(/^[a-zA-Z]{1,40}$/), z.string().min(1).max(500))
  .refine((given) => Object.keys(given).length > 0, 'must hold at least one filter')
  .refine((given) => Object.keys(given).length <= 20, 'must hold at most 20 filters')
  .meta({ examples: [{ state: 'suspended' }] })

export const savedFilterCreate = z.strictObject({
  list: z.enum(FILTERED_LISTS),
  name: z.string().trim().min(1).max(100),
  search,
})
export type SavedFilterCreate = z.infer<typeof savedFilterCreate>

export const savedFilter = z.object({
  id,
  list: z.enum(FILTERED_LISTS),
  name: z.string(),
  search: z.record(z.string(), z.string()),
  createdAt: timestamp,
})
export type SavedFilter = z.infer<typeof savedFilter>

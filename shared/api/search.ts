import { z } from 'zod'
import { id } from './common.ts'

export const SEARCH_TYPES = [
  'customer',
  'cloudPod',
  'subscription',
  'invoice',
  'domain',
  'zone',
  'certificate',
  'job',
  'finding',
  'tenant',
  'user',
] as const
export type SearchType = (typeof SEARCH_TYPES)[number]
const type = z.enum(SEARCH_TYPES)

/** How the hit was found, the best first: the very key (id, e-mail, VMID, address, number), the beginning of its name,
 * beginnings of words, inside a word, spelled alike. */
export const MATCHES = ['exact', 'prefix', 'word', 'inside', 'similar'] as const

export const searchQuery = z.strictObject({
  q: z.string().trim().min(1).max(200),
  /** Of each type. */
  limit: z.coerce.number().int().min(1).max(20).default(5),
  types: z
    .string()
    .max(200)
    .refine(
      (list) => list.split(',').every((one) => type.safeParse(one).success),
      `types, separated by commas, of ${SEARCH_TYPES.join(', ')}`,
    )
    .optional(),
  tenantId: id.optional(),
})

const searchHit = z.object({
  type,
  id,
  tenant: z.object({ id, name: z.string(), slug: z.string() }).nullable(),
  label: z.string(),
  detail: z.string(),
  state: z.string(),
  match: z.enum(MATCHES),
  /** The thing on whose page it is shown: itself, of a zone its domain. */
  shownAt: z.object({ type: z.string(), id }),
})
export type SearchHit = z.infer<typeof searchHit>

export const searchAnswer = z.object({ items: z.array(searchHit) })

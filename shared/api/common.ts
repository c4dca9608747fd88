import { z } from 'zod'

export const id = z.uuid()
export const timestamp = z.iso.datetime({ offset: true })

/** Money as the API carries it: integer minor units as a string, ISO 4217 currency. */
export const money = z.object({
  amount: z.string().regex(/^-?\d{1,18}$/),
  currency: z.string().regex(/^[A-Z]{3}$/),
})
export type Money = z.infer<typeof money>

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'an ISO 4217 code such as EUR')
  .meta({ examples: ['EUR'] })

/** The query of every list: keyset paging by id, which grows with time. `-` in front of `sort` is descending. */
export const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.uuid('a cursor from a previous answer').optional(),
  sort: z.enum(['createdAt', '-createdAt']).default('-createdAt'),
  tenantId: id.optional(),
})

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })

export type Page<T> = { items: T[]; nextCursor: string | null }

export const idParams = z.strictObject({ id })

/** RFC 9457 problem details, the body of every error. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  requestId: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  details: z.record(z.string(), z.unknown()).optional(),
})
export type Problem = z.infer<typeof problem>

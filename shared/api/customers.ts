import { z } from 'zod'
import { currency, id, listQuery, timestamp } from './common.ts'

const country = z.string().regex(/^[A-Z]{2}$/, 'an ISO 3166 code such as IT')

export const customer = z.object({
  id,
  tenantId: id,
  kind: z.enum(['person', 'company']),
  name: z.string(),
  company: z.string().nullable(),
  email: z.string(),
  country: z.string().nullable(),
  currency: z.string(),
  state: z.enum(['active', 'closed']),
  version: z.number().int(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Customer = z.infer<typeof customer>

export const customerCreate = z.strictObject({
  tenantId: id,
  kind: z.enum(['person', 'company']).default('person'),
  name: z.string().trim().min(1).max(200),
  company: z.string().trim().min(1).max(200).nullable().default(null),
  email: z.email().max(320),
  country: country.nullable().default(null),
  currency: currency.optional(),
})
export const customerUpdate = z.strictObject({
  kind: z.enum(['person', 'company']).optional(),
  name: z.string().trim().min(1).max(200).optional(),
  company: z.string().trim().min(1).max(200).nullable().optional(),
  email: z.email().max(320).optional(),
  country: country.nullable().optional(),
})

export const customerList = listQuery.extend({ q: z.string().max(200).optional() })

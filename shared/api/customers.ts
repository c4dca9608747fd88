import { z } from 'zod'
import { COUNTRIES } from '../countries.ts'
import { CUSTOMER_STATES, type CustomerState } from '../states/customer.ts'
import { currency, id, listQuery, timestamp } from './common.ts'

const country = z
  .string()
  .regex(/^[A-Z]{2}$/, 'an ISO 3166 code such as IT')
  .refine((code) => COUNTRIES.has(code), 'no country has this ISO 3166 code')
  .meta({ examples: ['IT'] })
const language = z.string().max(35).refine(isLanguage, 'a language tag such as it or de-AT (BCP 47)')

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}

const line = z.string().trim().max(200)
const address = z.strictObject({
  kind: z.enum(['billing', 'postal', 'other']),
  line1: line.min(1),
  line2: line.default(''),
  city: line.min(1),
  region: line.default(''),
  postalCode: z.string().trim().max(20).default(''),
  country,
})
const addresses = z
  .array(address)
  .max(10)
  .refine((all) => all.filter(({ kind }) => kind === 'billing').length <= 1, 'at most one billing address')

const taxId = z.strictObject({
  type: z.enum(['vat', 'other']),
  country,
  value: z.string().trim().min(2).max(40),
})
const tags = z.array(z.string().trim().toLowerCase().min(1).max(40)).max(20)

const externalRef = z.string().trim().min(1).max(100).nullable()

/** Values by the key of their definition; null takes a value away. */
const custom = z.record(
  z.string().max(40),
  z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]),
)

export const customer = z.object({
  id,
  tenantId: id,
  kind: z.enum(['person', 'company']),
  name: z.string(),
  company: z.string().nullable(),
  email: z.string(),
  country: z.string().nullable(),
  currency: z.string(),
  language: z.string().nullable(),
  group: z.object({ id, name: z.string() }).nullable(),
  tags: z.array(z.string()),
  addresses: z.array(z.object({ ...address.shape, kind: z.string(), country: z.string() })),
  taxIds: z.array(z.object({ type: z.enum(['vat', 'other']), country: z.string(), value: z.string() })),
  custom: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  state: z.enum(CUSTOMER_STATES),
  /** The caller's own reference, one customer each. */
  externalRef: z.string().nullable(),
  /** Of a merged customer: into whom. */
  mergedInto: z.object({ id, name: z.string() }).nullable(),
  closedAt: timestamp.nullable(),
  /** Since when its personal data is gone. */
  erasedAt: timestamp.nullable(),
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
  language: language.nullable().default(null),
  groupId: id.nullable().default(null),
  tags: tags.default([]),
  addresses: addresses.default([]),
  taxIds: z.array(taxId).max(10).default([]),
  custom: custom.default({}),
  externalRef: externalRef.default(null),
})
export const customerUpdate = z.strictObject({
  kind: z.enum(['person', 'company']).optional(),
  name: z.string().trim().min(1).max(200).optional(),
  company: z.string().trim().min(1).max(200).nullable().optional(),
  email: z.email().max(320).optional(),
  country: country.nullable().optional(),
  language: language.nullable().optional(),
  groupId: id.nullable().optional(),
  tags: tags.optional(),
  addresses: addresses.optional(),
  taxIds: z.array(taxId).max(10).optional(),
  custom: custom.optional(),
  externalRef: externalRef.optional(),
})

export const customerList = listQuery.extend({
  q: z.string().max(200).optional(),
  state: z.enum(CUSTOMER_STATES).optional(),
  groupId: id.optional(),
  tag: z.string().max(40).optional(),
})
export type CustomerFilter = { q?: string; state?: CustomerState; groupId?: string; tag?: string }

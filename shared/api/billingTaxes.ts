import { z } from 'zod'
import { COUNTRIES } from '../countries.ts'
import { TAX_CATEGORIES } from '../states/tax.ts'
import { id, listQuery, timestamp } from './common.ts'
import { job } from './provisioning.ts'

const country = z
  .string()
  .regex(/^[A-Z]{2}$/, 'an ISO 3166 code such as IT')
  .refine((code) => COUNTRIES.has(code), 'no country has this ISO 3166 code')
  .meta({ examples: ['IT'] })
const line = z.string().trim().max(200)
const day = z.iso.date()

const address = z.strictObject({
  line1: line.min(1),
  line2: line.default(''),
  city: line.min(1),
  region: line.default(''),
  postalCode: z.string().trim().max(20).default(''),
})

/** Who sells, as it stands on invoices. Null details: nobody has said it, and invoices are without tax. */
export const taxSeller = z.object({
  tenantId: id,
  details: z
    .object({
      legalName: z.string(),
      address: z.object({
        line1: z.string(),
        line2: z.string(),
        city: z.string(),
        region: z.string(),
        postalCode: z.string(),
      }),
      country: z.string(),
      taxId: z.string().nullable(),
      registeredCountries: z.array(z.string()),
      pricesIncludeTax: z.boolean(),
      evidenceDays: z.number().int(),
    })
    .nullable(),
  version: z.number().int(),
})
export type TaxSeller = z.infer<typeof taxSeller>

export const taxSellerUpdate = z.strictObject({
  legalName: line.min(1),
  address,
  country,
  taxId: z.string().trim().min(2).max(40).nullable().default(null),
  /** Where else it is registered, itself or by a one-stop shop: only there it charges that country's rate. */
  registeredCountries: z.array(country).max(250).default([]),
  /** Whether the price list has the tax in it. */
  pricesIncludeTax: z.boolean().default(false),
  /** How many days a check of a customer's tax id counts. */
  evidenceDays: z.number().int().min(1).max(3_650).default(365),
})

const ruleFields = {
  /** Null: whatever the seller's country. */
  sellerCountry: country.nullable(),
  /** A country, `EU` for its members other than the seller's, or `*` for anywhere else. */
  destination: z.union([country, z.literal('EU'), z.literal('*')]),
  /** Empty: all of the country. */
  region: z.string().trim().max(100),
  customerKind: z.enum(['any', 'person', 'company']),
  /** Counts only for customers whose tax id was found valid. */
  needsValidTaxId: z.boolean(),
  category: z.enum(TAX_CATEGORIES),
  /** In millionths: 220000 is 22 percent. */
  ratePpm: z.number().int().min(0).max(1_000_000),
  /** Stands on the invoice; needed where no tax is charged. */
  reason: z.string().trim().max(500),
  validFrom: day,
  /** The last day; null: until further notice. */
  validTo: day.nullable(),
}

export const taxRule = z.object({
  id,
  /** Null: the platform's, for every tenant. */
  tenantId: id.nullable(),
  tenantName: z.string().nullable(),
  ...ruleFields,
  sellerCountry: z.string().nullable(),
  destination: z.string(),
  validFrom: z.string(),
  validTo: z.string().nullable(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type TaxRule = z.infer<typeof taxRule>

export const taxRuleCreate = z.strictObject({
  tenantId: id.nullable().default(null),
  ...ruleFields,
  sellerCountry: ruleFields.sellerCountry.default(null),
  region: ruleFields.region.default(''),
  customerKind: ruleFields.customerKind.default('any'),
  needsValidTaxId: ruleFields.needsValidTaxId.default(false),
  ratePpm: ruleFields.ratePpm.default(0),
  reason: ruleFields.reason.default(''),
  validTo: ruleFields.validTo.default(null),
})
export const taxRuleUpdate = z.strictObject({
  category: ruleFields.category.optional(),
  ratePpm: ruleFields.ratePpm.optional(),
  reason: ruleFields.reason.optional(),
  validFrom: day.optional(),
  validTo: day.nullable().optional(),
})
export const taxRuleList = listQuery

/** What was found out about a customer: whether a tax id was given out to it, or that it is exempt. */
export const taxEvidence = z.object({
  id,
  customerId: id,
  kind: z.enum(['tax_id', 'exemption']),
  taxId: z.string().nullable(),
  isValid: z.boolean().nullable(),
  method: z.enum(['vies', 'authority', 'document', 'other']).nullable(),
  reference: z.string(),
  reason: z.string().nullable(),
  /** Of a check: the day it was made. */
  validFrom: z.string(),
  validTo: z.string().nullable(),
  by: z.string(),
  createdAt: timestamp,
  /** When it was taken back, as recorded by mistake. */
  endedAt: timestamp.nullable(),
})
export type TaxEvidence = z.infer<typeof taxEvidence>

export const taxEvidenceCreate = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tax_id'),
    /** One of the customer's VAT numbers, as it stands there. */
    taxId: z.string().trim().min(2).max(40),
    isValid: z.boolean(),
    /** How it was checked. */
    method: z.enum(['vies', 'authority', 'document', 'other']),
    /** The number of the answer, or where the document is. */
    reference: z.string().trim().max(200).default(''),
    checkedOn: day,
  }),
  z.strictObject({
    kind: z.literal('exemption'),
    /** Stands on the invoice. */
    reason: z.string().trim().min(1).max(500),
    validFrom: day,
    validTo: day.nullable().default(null),
  }),
])
export const taxEvidenceList = listQuery

/** How the last check of a customer's VAT number went. What was found out is evidence. */
const taxIdCheck = z.object({
  taxId: z.string(),
  /** Null: it was not asked after yet. `unknown`: it could not be found out, and what was known before still counts. */
  result: z.enum(['valid', 'invalid', 'unknown']).nullable(),
  problem: z.string().nullable(),
  /** To whom it was given out, where the member state says so. */
  traderName: z.string().nullable(),
  /** The number of the consultation. */
  reference: z.string().nullable(),
  askedAt: timestamp.nullable(),
})
export type TaxIdCheck = z.infer<typeof taxIdCheck>

export const taxCheckCreate = z.strictObject({
  /** One of the customer's VAT numbers, as it stands there. */
  taxId: z.string().trim().min(2).max(40),
})
export const taxCheckStarted = z.object({ job })

export const customerTaxQuery = z.strictObject({
  /** Something of the price list in minor units; what it costs with tax is answered. */
  amountMinor: z
    .string()
    .regex(/^\d{1,15}$/, 'an amount in minor units, such as "499"')
    .meta({ examples: ['499'] })
    .default('0'),
})

/** How a customer would be taxed today. */
export const customerTax = z.object({
  category: z.enum(TAX_CATEGORIES).nullable(),
  ratePpm: z.number().int(),
  included: z.boolean(),
  why: z.string(),
  /** What the asked amount comes to, in minor units. */
  netMinor: z.string(),
  taxMinor: z.string(),
  grossMinor: z.string(),
  /** Of the VAT numbers that mPanel can have checked; none where it asks no service. */
  checks: z.array(taxIdCheck),
})
export type CustomerTax = z.infer<typeof customerTax>

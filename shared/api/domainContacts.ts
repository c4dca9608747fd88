import { z } from 'zod'
import { COUNTRIES } from '../countries.ts'
import { MAX_POSTCODE } from '../domainLimits.ts'
import { id } from './common.ts'

const line = z.string().trim().min(1).max(200)

/** A person whom a registry is told. */
const domainContact = z.strictObject({
  name: line,
  company: line.nullable().default(null),
  street: line,
  city: line,
  region: line.nullable().default(null),
  postcode: z
    .string()
    .trim()
    .min(1)
    .max(MAX_POSTCODE, `registries take at most ${MAX_POSTCODE} characters as a postal code`),
  country: z
    .string()
    .refine((code) => COUNTRIES.has(code), 'no country has this ISO 3166 code')
    .meta({ examples: ['IT'] }),
  phone: z
    .string()
    .regex(/^\+\d{1,3}\.\d{4,14}$/, 'a number such as +49.301234567')
    .meta({ examples: ['+49.301234567'] }),
  email: z.email().max(320),
})
export type DomainContact = z.infer<typeof domainContact>

/** Who is not named is the tenant's default, or the platform's, or the registrant. */
export const domainContacts = z.strictObject({
  registrant: domainContact,
  admin: domainContact.optional(),
  tech: domainContact.optional(),
  billing: domainContact.optional(),
})
export type DomainContacts = z.infer<typeof domainContacts>

/** As a registry was told once: under rules that may have been others. */
const shownContact = z.object({
  name: z.string(),
  company: z.string().nullable(),
  street: z.string(),
  city: z.string(),
  region: z.string().nullable(),
  postcode: z.string(),
  country: z.string(),
  phone: z.string(),
  email: z.string(),
})
export type ShownContact = z.infer<typeof shownContact>
export const shownContacts = z.object({
  registrant: shownContact,
  admin: shownContact,
  tech: shownContact,
  billing: shownContact,
})

const roles = {
  admin: domainContact.nullable(),
  tech: domainContact.nullable(),
  billing: domainContact.nullable(),
}
/** tenantId null: the platform's, for every tenant that has none of its own. Null: the registrant himself. */
export const domainDefaultContactsSet = z.strictObject({ tenantId: id.nullable(), ...roles })

const shownRoles = z.object({
  admin: shownContact.nullable(),
  tech: shownContact.nullable(),
  billing: shownContact.nullable(),
})
export const domainDefaultContacts = z.object({
  platform: shownRoles,
  /** Null: only the platform's were asked for. */
  tenant: shownRoles.nullable(),
})
export type DomainDefaultContacts = z.infer<typeof domainDefaultContacts>
export const domainDefaultContactsQuery = z.strictObject({ tenantId: id.optional() })

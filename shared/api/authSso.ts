import { z } from 'zod'
import { id, listQuery, timestamp } from './common.ts'

/** A domain as DNS has it: small letters, and labels of other scripts as A-labels (`xn--…`). */
function asciiDomain(text: string): string {
  const small = text.toLowerCase()
  const isWritten = /[^\0-\x7f]/.test(small) && !/[\s/?#@:%\\]/.test(small)
  return isWritten && URL.canParse(`http://${small}`) ? new URL(`http://${small}`).hostname : small
}

export const domainOf = (email: string): string => asciiDomain(email.slice(email.lastIndexOf('@') + 1))

const domain = z
  .string()
  .trim()
  .overwrite(asciiDomain)
  .max(253)
  .regex(
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}$/,
    'must be a domain, such as example.com',
  )

/** An identity provider of a tenant, or (tenantId null) of the platform. Its client secret is never told. */
export const ssoProvider = z.object({
  id,
  tenantId: id.nullable(),
  name: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  hasSecret: z.boolean(),
  /** E-mails of these domains lead here, once they are proven. */
  domains: z.array(z.string()),
  domainProofs: z.array(
    z.object({
      domain: z.string(),
      /** Null: it leads here only when DNS has a TXT record `name` with the content `value`, and the provider was checked. */
      provenAt: timestamp.nullable(),
      name: z.string(),
      value: z.string(),
      /** Why the last check did not prove it. */
      fault: z.string().nullable(),
    }),
  ),
  enabled: z.boolean(),
  enforced: z.boolean(),
  /** The owner who can still log in with a password while it is enforced. */
  breakGlass: z.object({ id, email: z.string() }).nullable(),
  trustsMfa: z.boolean(),
  /** Who has no account gets one at the first log-in, with this role. Null: nobody does. */
  signUpRole: z.object({ id, name: z.string() }).nullable(),
  /** What the provider must be told to send people back to. */
  redirectUri: z.string(),
  checkedAt: timestamp.nullable(),
  /** What the last check found wrong. */
  checkFault: z.string().nullable(),
  version: z.number().int(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type SsoProvider = z.infer<typeof ssoProvider>

/** `only=platform`: without those of tenants. */
export const ssoProviderList = listQuery.extend({ only: z.enum(['platform']).optional() })

const fields = {
  name: z.string().trim().min(1).max(100),
  issuer: z
    .url({ protocol: /^https?$/, error: 'must be an https address' })
    .max(1_000)
    .refine((text) => !/[?#@\s]/.test(text), 'must have no query, fragment, user name or password'),
  clientId: z.string().trim().min(1).max(500),
  clientSecret: z.string().min(1).max(2_000).nullable(),
  domains: z.array(domain).max(50),
  enabled: z.boolean(),
  enforced: z.boolean(),
  trustsMfa: z.boolean(),
  /** With a role, one of the domains is needed: only e-mails of these sign up. */
  signUpRoleId: id.nullable(),
}
export const ssoProviderCreate = z.strictObject({
  ...fields,
  tenantId: id.nullable(),
  clientSecret: fields.clientSecret.default(null),
  domains: fields.domains.default([]),
  enabled: fields.enabled.default(true),
  enforced: fields.enforced.default(false),
  trustsMfa: fields.trustsMfa.default(false),
  signUpRoleId: fields.signUpRoleId.default(null),
})
export const ssoProviderUpdate = z.strictObject(fields).partial()

const returnTo = z
  .string()
  .max(1_000)
  .regex(/^\/(?![/\\])[^\s\\]*$/, 'must be a path of these pages')
  .meta({ examples: ['/account'] })

/** An e-mail in small letters, its domain as DNS has it. */
export const emailAddress = z
  .string()
  .trim()
  .max(320)
  .overwrite((text) => text.slice(0, text.lastIndexOf('@') + 1) + domainOf(text))
  // In this order: some letters of other scripts become Latin ones when they are made small.
  .pipe(z.email().toLowerCase())
  .meta({ examples: ['someone@example.com'] })

export const ssoBegin = z.strictObject({ email: emailAddress, returnTo: returnTo.optional() })
export const ssoStepUpBegin = z.strictObject({ providerId: id, returnTo })
export const ssoLinkBegin = z.strictObject({ providerId: id, returnTo })
/** Where the browser goes next. */
export const ssoBegun = z.object({ url: z.string() })
export type SsoBegun = z.infer<typeof ssoBegun>

export const ssoCallback = z.object({
  state: z.string().max(200).optional(),
  code: z.string().max(4_000).optional(),
  error: z.string().max(200).optional(),
})

/** The caller's connected identities, and the providers he could connect with. */
export const identities = z.object({
  items: z.array(
    z.object({
      id,
      provider: z.string(),
      issuer: z.string(),
      label: z.string().nullable(),
      createdAt: timestamp,
      lastUsedAt: timestamp.nullable(),
    }),
  ),
  providers: z.array(z.object({ id, name: z.string() })),
})
export type Identities = z.infer<typeof identities>

/** What the pages are told about a sign-on that did not work. */
export type SsoFault =
  | 'stale'
  | 'denied'
  | 'failed'
  | 'throttled'
  | 'unknown'
  | 'not_admitted'
  | 'refused'
  | 'taken'
  | 'not_fresh'
  | 'somebody_else'

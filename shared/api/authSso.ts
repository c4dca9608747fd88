import { z } from 'zod'
import { id, listQuery, timestamp } from './common.ts'

const domain = z
  .string()
  .trim()
  .toLowerCase()
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
  /** E-mails of these domains lead here. */
  domains: z.array(z.string()),
  enabled: z.boolean(),
  enforced: z.boolean(),
  /** The owner who can still log in with a password while it is enforced. */
  breakGlass: z.object({ id, email: z.string() }).nullable(),
  trustsMfa: z.boolean(),
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
}
export const ssoProviderCreate = z.strictObject({
  ...fields,
  tenantId: id.nullable(),
  clientSecret: fields.clientSecret.default(null),
  domains: fields.domains.default([]),
  enabled: fields.enabled.default(true),
  enforced: fields.enforced.default(false),
  trustsMfa: fields.trustsMfa.default(false),
})
export const ssoProviderUpdate = z.strictObject(fields).partial()

const returnTo = z
  .string()
  .max(1_000)
  .regex(/^\/(?![/\\])[^\s\\]*$/, 'must be a path of these pages')

export const ssoBegin = z.strictObject({ email: z.email().max(320), returnTo: returnTo.optional() })
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
export type SsoFault = 'stale' | 'denied' | 'failed' | 'unknown' | 'refused' | 'taken'

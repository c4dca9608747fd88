import { z } from 'zod'
import { id, timestamp } from './common.ts'

/** Who gives certificates. Keys are never answered. */
export const sslIssuer = z.object({
  id,
  name: z.string(),
  kind: z.enum(['acme', 'private']),
  priority: z.number().int(),
  directoryUrl: z.string().nullable(),
  caPem: z.string().nullable(),
  email: z.string().nullable(),
  profile: z.string().nullable(),
  eabKid: z.string().nullable(),
  /** How many orders may be made within three hours. */
  budget: z.number().int(),
  /** How many certificates a week it is asked for one registered domain; null: without a limit. */
  domainBudget: z.number().int().nullable(),
  hasAccount: z.boolean(),
  /** When the key of the account was last changed. */
  keyChangedAt: timestamp.nullable(),
  isChangingKey: z.boolean(),
  /** Why the last call to it failed. */
  problem: z.string().nullable(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type SslIssuer = z.infer<typeof sslIssuer>

const name = z.string().trim().min(1).max(100)
const caPem = z.string().min(1).max(100_000).nullable()
const email = z.email().nullable()
const profile = z
  .string()
  .regex(/^[\w.-]{1,64}$/)
  .nullable()
const priority = z.number().int().min(1).max(1000)
const budget = z.number().int().min(1).max(1_000_000)
const domainBudget = budget.nullable()
const eab = z.strictObject({
  kid: z.string().trim().min(1).max(200),
  hmacKey: z.string().regex(/^[\w-]{20,500}$/, 'the key as the CA shows it, in base64url'),
})

export const sslIssuerCreate = z.strictObject({
  name,
  directoryUrl: z.url({ protocol: /^https$/ }).max(300),
  caPem: caPem.default(null),
  email: email.default(null),
  profile: profile.default(null),
  eab: eab.nullable().default(null),
  priority: priority.default(100),
  budget: budget.default(300),
  domainBudget: domainBudget.default(null),
})

/** What is not named stays. Where it is reached is not changed: certificates were issued there. */
export const sslIssuerUpdate = z
  .strictObject({ name, caPem, email, profile, priority, budget, domainBudget })
  .partial()

/** `problems`: what stands in the way of its use; none: it was reached, and the account there works. */
export const sslIssuerCheck = z.object({ problems: z.array(z.string()) })
export type SslIssuerCheck = z.infer<typeof sslIssuerCheck>

export const sslRoot = z.object({ pem: z.string() })

export const sslKeyChange = z.object({ jobId: id })

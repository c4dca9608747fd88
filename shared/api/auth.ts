import { z } from 'zod'
import { LANGUAGES } from '../languages.ts'
import { PERMISSIONS } from '../permissions.ts'
import { id, timestamp } from './common.ts'

export const loginBody = z.strictObject({ email: z.email().max(320), password: z.string().min(1).max(128) })

const impersonation = z.object({
  by: z.object({ email: z.string(), name: z.string() }),
  reason: z.string(),
  readOnly: z.boolean(),
  until: timestamp,
})

/** Who is asking, and what they may do where. `platform` permissions hold for every tenant. */
export const me = z.object({
  /** `language`: of mails to this user; null: that of who writes. */
  user: z.object({ id, email: z.string(), name: z.string(), language: z.enum(LANGUAGES).nullable() }),
  /** Not everybody has one: single sign-on and passkeys need none. */
  hasPassword: z.boolean(),
  roles: z.array(
    z.object({
      roleId: id,
      key: z.string(),
      name: z.string(),
      tenantId: id.nullable(),
      requiresMfa: z.boolean(),
    }),
  ),
  platform: z.array(z.enum(PERMISSIONS)),
  tenants: z.array(
    z.object({
      id,
      name: z.string(),
      slug: z.string(),
      permissions: z.array(z.enum(PERMISSIONS)),
      branding: z.object({
        name: z.string(),
        colour: z.string().nullable(),
        supportAddress: z.string().nullable(),
        /** The address of the picture; it changes with it. */
        logo: z.string().nullable(),
      }),
    }),
  ),
  /** Whether a log-in of this user needs a second factor. */
  mfa: z.boolean(),
  /** A role needs a second factor, and there is none: nothing but its enrolment is allowed. */
  mustEnrol: z.boolean(),
  /** An operator acts under this user's name. */
  impersonation: impersonation.nullable(),
  /** Some outside systems are simulated: the pages say so. */
  simulated: z.array(z.string()),
  /** By how much time is ahead of the machine's, where it can be advanced to try what happens; null: it is the machine's. */
  clock: z.object({ aheadMs: z.number().int() }).nullable(),
})
export type Me = z.infer<typeof me>

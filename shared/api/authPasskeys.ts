import { z } from 'zod'
import { id, timestamp } from './common.ts'

const base64url = (length: number) =>
  z
    .string()
    .min(1)
    .max(length)
    .regex(/^[\w-]+$/, 'must be base64url')
const name = z.string().trim().min(1).max(100)

export const passkey = z.object({
  id,
  name: z.string(),
  /** Kept by a service such as a password manager, so that it outlives its device. */
  backedUp: z.boolean(),
  createdAt: timestamp,
  lastUsedAt: timestamp.nullable(),
})
export type Passkey = z.infer<typeof passkey>

/** `options` go to the browser as they are (`PublicKeyCredential.parse…OptionsFromJSON`), the ceremony comes back. */
export const ceremony = z.object({ ceremony: id, options: z.record(z.string(), z.unknown()) })
export type Ceremony = z.infer<typeof ceremony>

/** What an authenticator made, as `PublicKeyCredential.toJSON()` has it. */
export const passkeyCreate = z.strictObject({
  ceremony: id,
  name,
  credential: z.strictObject({
    id: base64url(1_400),
    clientDataJSON: base64url(8_000),
    attestationObject: base64url(32_000),
    transports: z.array(z.string().regex(/^[a-z-]{1,20}$/)).max(10),
  }),
})
export type PasskeyCreate = z.infer<typeof passkeyCreate>

/** `codes`: recovery codes, shown once, when this is the first second factor. */
export const passkeyCreated = passkey.extend({ codes: z.array(z.string()).nullable() })
export type PasskeyCreated = z.infer<typeof passkeyCreated>

export const passkeyRename = z.strictObject({ name })

/** What an authenticator signed. */
export const passkeyProof = z.strictObject({
  ceremony: id,
  credential: z.strictObject({
    id: base64url(1_400),
    clientDataJSON: base64url(8_000),
    authenticatorData: base64url(8_000),
    signature: base64url(8_000),
    userHandle: base64url(100).nullable(),
  }),
})
export type PasskeyProof = z.infer<typeof passkeyProof>

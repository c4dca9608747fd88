import { z } from 'zod'
import { timestamp } from './common.ts'

/** The answer to a right password when a second factor is still to be given. */
export const mfaPending = z.object({ mfaRequired: z.literal(true) })
export type MfaPending = z.infer<typeof mfaPending>

/** Six digits of an authenticator app, or a recovery code; spaces and dashes do not count. */
export const codeBody = z.strictObject({ code: z.string().min(6).max(64) })

export const mfaState = z.object({
  totp: z.object({ confirmedAt: timestamp }).nullable(),
  recoveryCodesLeft: z.number().int(),
})
export type MfaState = z.infer<typeof mfaState>

/** Shown once: the secret in base32, and the same as an address for authenticator apps. */
export const totpEnrolment = z.object({ secret: z.string(), uri: z.string() })
export type TotpEnrolment = z.infer<typeof totpEnrolment>

/** Shown once; only hashes are kept. */
export const recoveryCodes = z.object({ codes: z.array(z.string()) })
export type RecoveryCodes = z.infer<typeof recoveryCodes>

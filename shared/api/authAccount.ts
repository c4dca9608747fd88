import { z } from 'zod'
import { id, listQuery, timestamp } from './common.ts'

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

export const passwordChange = z.strictObject({
  current: z.string().min(1).max(128),
  password: z.string().min(12, 'A password has 12 to 128 characters.').max(128),
})

/** A list of one's own has no tenant. */
export const ownList = listQuery.omit({ tenantId: true })

export const ownSession = z.object({
  id,
  /** The one that asks. */
  current: z.boolean(),
  createdAt: timestamp,
  lastSeenAt: timestamp,
  expiresAt: timestamp,
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  verifiedBy: z.enum(['password', 'totp', 'recovery_code']),
})
export type OwnSession = z.infer<typeof ownSession>

export const sessionsEnded = z.object({ ended: z.number().int() })

export const loginEntry = z.object({
  id,
  at: timestamp,
  outcome: z.enum(['success', 'failure']),
  /** What proved who it was, or why it was refused. */
  reason: z.enum([
    'password',
    'totp',
    'recovery_code',
    'wrong_password',
    'wrong_code',
    'throttled',
    'disabled',
    'no_active_tenant',
  ]),
  newDevice: z.boolean(),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
})
export type LoginEntry = z.infer<typeof loginEntry>

/** A code for users with a second factor, the password for all others. */
export const stepUpBody = z.strictObject({
  code: z.string().min(6).max(64).optional(),
  password: z.string().min(1).max(128).optional(),
})
export type StepUp = z.infer<typeof stepUpBody>

import { z } from 'zod'
import { LANGUAGES } from '../languages.ts'
import { passkeyProof } from './authPasskeys.ts'
import { id, listQuery, timestamp } from './common.ts'

const factorMethod = z.enum(['passkey', 'code'])
export type FactorMethod = z.infer<typeof factorMethod>

/** The answer to a right password when a second factor is still to be given, by one of these. */
export const mfaPending = z.object({ mfaRequired: z.literal(true), methods: z.array(factorMethod) })
export type MfaPending = z.infer<typeof mfaPending>

/** Six digits of an authenticator app, or a recovery code; spaces and dashes do not count. */
const code = z.string().min(6).max(64)
export const codeBody = z.strictObject({ code })

/** What finishes a pending log-in: one of the two. */
export const mfaBody = z.strictObject({ code: code.optional(), passkey: passkeyProof.optional() })
export type MfaProof = z.infer<typeof mfaBody>

export const mfaState = z.object({
  totp: z.object({ confirmedAt: timestamp }).nullable(),
  passkeys: z.number().int(),
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

/** In which the caller is written to; null: in that of who writes. */
export const languageChoice = z.strictObject({ language: z.enum(LANGUAGES).nullable() })

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
  verifiedBy: z.enum(['password', 'totp', 'recovery_code', 'passkey', 'sso']),
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
    'passkey',
    'sso',
    'wrong_password',
    'wrong_code',
    'wrong_passkey',
    'throttled',
    'disabled',
    'no_active_tenant',
    'sso_required',
    'sso_refused',
  ]),
  newDevice: z.boolean(),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
})
export type LoginEntry = z.infer<typeof loginEntry>

/** By what a caller can give a fresh proof: a second factor, or without one the password or an identity provider. */
export const stepUpWays = z.object({
  methods: z.array(factorMethod),
  password: z.boolean(),
  providers: z.array(z.object({ id, name: z.string() })),
})
export type StepUpWays = z.infer<typeof stepUpWays>

/** A code or a passkey for users with a second factor, the password for all others. */
export const stepUpBody = mfaBody.extend({
  password: z.string().min(1).max(128).optional(),
})
export type StepUp = z.infer<typeof stepUpBody>

import { Secret, TOTP } from 'otpauth'
import type {
  FactorMethod,
  MfaProof,
  MfaState,
  RecoveryCodes,
  TotpEnrolment,
} from '../../../shared/api/authAccount.ts'
import type { Ctx, Root } from '../../context.ts'
import * as factors from '../../db/authFactors.ts'
import * as passkeys from '../../db/authPasskeys.ts'
import * as users from '../../db/users.ts'
import { AppError, notFound } from '../../errors.ts'
import { isLost, sha256 } from '../../lib/crypto.ts'
import * as auditService from '../auditService.ts'
import * as mailService from '../mailService.ts'
import type { Identity } from '../userService.ts'
import * as passkeyProof from './passkeyProof.ts'
import { proven, type RenewedSession } from './sessionTokens.ts'

const STEP_S = 30
const WINDOW = 1
const SECRET_BYTES = 20
const CODES = 10
/** 120 bits: nobody guesses one, so a fast hash keeps it. */
const CODE_BYTES = 15

type User = { id: string; email: string }
export type Factor = 'totp' | 'recovery_code' | 'passkey'

const purposeOf = (userId: string): string => `totp:${userId}`
const plain = (code: string): string => code.replace(/[\s-]/g, '').toUpperCase()
const hashOf = (userId: string, code: string): Buffer => sha256(`${userId}:${plain(code)}`)
const self = ({ id, email }: User) => ({ type: 'user', id, label: email })

export const wrongCode = (): AppError => {
  const message = 'The code is wrong, used or too old. Wait for the next one.'
  return new AppError('invalid_input', message, { errors: [{ path: 'code', message }] })
}

export async function state(ctx: Ctx, userId: string): Promise<MfaState> {
  const totp = await factors.findTotp(ctx.tx, userId)
  const confirmedAt = totp?.confirmed_at?.toISOString()
  return {
    totp: confirmedAt === undefined ? null : { confirmedAt },
    passkeys: (await passkeys.listOf(ctx.tx, userId)).length,
    recoveryCodesLeft: await factors.codesLeft(ctx.tx, userId),
  }
}

/** What a log-in of this user asks for beside the password; nothing without a second factor. */
export async function methodsOf(ctx: Ctx, userId: string): Promise<FactorMethod[]> {
  const held = await state(ctx, userId)
  const methods: FactorMethod[] = []
  if (held.passkeys > 0) methods.push('passkey')
  if (held.totp !== null || (held.passkeys > 0 && held.recoveryCodesLeft > 0)) methods.push('code')
  return methods
}

/** Whether a log-in of this user asks for a second factor. */
export const isEnrolled = async (ctx: Ctx, userId: string): Promise<boolean> =>
  (await methodsOf(ctx, userId)).length > 0

/** Recovery codes stand for a second factor, so they end with the last one. */
export async function endCodesWithoutFactor(ctx: Ctx, userId: string): Promise<void> {
  if (!(await isEnrolled(ctx, userId))) await factors.replaceCodes(ctx.tx, userId, [], ctx.now())
}

/**
 * Makes a secret for an authenticator app; it counts once a first code has confirmed it.
 * @throws AppError invalid_state when there is a confirmed one
 */
export async function enrolTotp(ctx: Ctx, { user }: Identity): Promise<TotpEnrolment> {
  const secret = new Secret({ size: SECRET_BYTES })
  const sealed = ctx.sealer.seal(secret.base32, purposeOf(user.id))
  if (!(await factors.beginTotp(ctx.tx, user.id, sealed, ctx.now())))
    throw new AppError('invalid_state', 'There is an authenticator app already. Remove it first.')
  await auditService.record(ctx, { action: 'TOTP_ENROLMENT_STARTED', tenantId: null, target: self(user) })
  return { secret: secret.base32, uri: totpOf(secret.base32, user.email).toString() }
}

/**
 * Turns the second factor on.
 * @returns the recovery codes, shown once, and the session's new token (see `sessionTokens.renew`)
 * @throws AppError invalid_state when nothing waits to be confirmed, invalid_input for a wrong code
 */
export async function confirmTotp(
  ctx: Ctx,
  { user, sessionId }: Identity,
  code: string,
): Promise<RecoveryCodes & { session: RenewedSession | undefined }> {
  const totp = await factors.findTotp(ctx.tx, user.id)
  if (!totp || totp.confirmed_at !== null)
    throw new AppError('invalid_state', 'There is nothing to confirm. Begin with a new secret.')
  if (!(await takeTotp(ctx, user, totp.secret, code))) throw wrongCode()
  await factors.confirmTotp(ctx.tx, user.id, ctx.now())
  const session = sessionId === null ? undefined : await proven(ctx, sessionId, 'totp')
  await auditService.record(ctx, { action: 'TOTP_ENABLED', tenantId: null, target: self(user) })
  return { ...(await newCodes(ctx, user)), session }
}

/** For who has lost the app and the recovery codes: a log-in asks for the password alone then. @throws AppError not_found, invalid_state */
export async function removeTotpOf(ctx: Ctx, email: string): Promise<void> {
  const user = await users.findByEmail(ctx.tx, email)
  if (!user) throw notFound('user')
  await disableTotp(ctx, { user })
}

/** @throws AppError invalid_state when there is none */
export async function disableTotp(ctx: Ctx, { user }: { user: User }): Promise<void> {
  if (!(await factors.removeTotp(ctx.tx, user.id)))
    throw new AppError('invalid_state', 'There is no authenticator app to remove.')
  await endCodesWithoutFactor(ctx, user.id)
  await auditService.record(ctx, { action: 'TOTP_DISABLED', tenantId: null, target: self(user) })
  await mailService.notify(ctx, user, 'secondFactorRemoved')
}

/**
 * Replaces the recovery codes, used and unused.
 * @returns the new ones, shown once
 * @throws AppError invalid_state without a second factor
 */
export async function regenerateCodes(ctx: Ctx, { user }: Identity): Promise<RecoveryCodes> {
  if (!(await isEnrolled(ctx, user.id)))
    throw new AppError(
      'invalid_state',
      'Recovery codes come with an authenticator app or a passkey. Set one up first.',
    )
  await auditService.record(ctx, { action: 'RECOVERY_CODES_REPLACED', tenantId: null, target: self(user) })
  return newCodes(ctx, user)
}

/** Ten new recovery codes in place of those there were. */
export async function newCodes(ctx: Ctx, user: User): Promise<RecoveryCodes> {
  const codes = Array.from({ length: CODES }, () =>
    (new Secret({ size: CODE_BYTES }).base32.match(/.{4}/g) ?? []).join('-'),
  )
  const hashes = codes.map((code) => hashOf(user.id, code))
  await factors.replaceCodes(ctx.tx, user.id, hashes, ctx.now())
  return { codes }
}

/**
 * Checks what can be checked outside of a transaction.
 * @returns what uses up the factor inside of one, and says which it was
 * @throws AppError invalid_input for a wrong passkey; what is returned throws it for a wrong code
 */
export async function proverOf(
  root: Root,
  meant: Parameters<typeof passkeyProof.prove>[1],
  { code, passkey }: MfaProof,
): Promise<(ctx: Ctx, user: User) => Promise<Factor>> {
  if (passkey === undefined) return (ctx, user) => useFactor(ctx, user, code ?? '')
  const found = await root.db.transaction('platform', (tx) => passkeyProof.findPasskey({ tx }, passkey))
  const checked = await passkeyProof.prove(root, meant, found, passkey)
  return (ctx) => passkeyProof.accept(ctx, checked)
}

/**
 * Uses up a code of the user's authenticator app, or a recovery code. Of parallel tries with one code one succeeds.
 * @throws AppError invalid_input for a wrong or used code
 */
async function useFactor(ctx: Ctx, user: User, code: string): Promise<Factor> {
  if (/^\d{6}$/.test(plain(code))) {
    const totp = await factors.findTotp(ctx.tx, user.id)
    if (totp && totp.confirmed_at !== null && (await takeTotp(ctx, user, totp.secret, code))) return 'totp'
    throw wrongCode()
  }
  if (!(await factors.useCode(ctx.tx, user.id, hashOf(user.id, code), ctx.now()))) throw wrongCode()
  await auditService.record(ctx, { action: 'RECOVERY_CODE_USED', tenantId: null, target: self(user) })
  return 'recovery_code'
}

const totpOf = (secret: string, label: string): TOTP =>
  new TOTP({ issuer: 'mPanel', label, secret: Secret.fromBase32(secret), period: STEP_S })

async function takeTotp(ctx: Ctx, user: User, sealed: Buffer, code: string): Promise<boolean> {
  if (isLost(sealed)) {
    const message =
      'What your authenticator app shows cannot be checked any more: its secret was lost. Use a recovery code or a passkey and set the app up anew, or ask an administrator to remove it.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'code', message }] })
  }
  const timestamp = ctx.machineNow().getTime()
  const totp = totpOf(ctx.sealer.open(sealed, purposeOf(user.id)), user.email)
  const delta = totp.validate({ token: plain(code), timestamp, window: WINDOW })
  if (delta === null) return false
  return factors.takeStep(ctx.tx, user.id, Math.floor(timestamp / 1000 / STEP_S) + delta)
}

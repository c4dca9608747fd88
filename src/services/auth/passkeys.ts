import { generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server'
import { decodeAttestationObject } from '@simplewebauthn/server/helpers'
import type { Ceremony, Passkey, PasskeyCreate, PasskeyCreated } from '../../../shared/api/authPasskeys.ts'
import { transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import * as db from '../../db/authPasskeys.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as mailService from '../mailService.ts'
import type { Identity } from '../userService.ts'
import * as factors from './factors.ts'
import * as proof from './passkeyProof.ts'
import { renew, type RenewedSession } from './sessionTokens.ts'
import { self } from './self.ts'

const MOST = 20
/** ES256, EdDSA and RS256: what authenticators have. */
const ALGORITHMS = [-7, -8, -257]

type Me = Identity & { sessionId: string }
type Row = Awaited<ReturnType<typeof db.listOf>>[number]
const present = (row: Row): Passkey => ({
  id: row.id,
  name: row.name,
  backedUp: row.backed_up,
  createdAt: row.created_at.toISOString(),
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
})

/** The caller's passkeys, all of them: nobody has many. */
export async function listPasskeys(ctx: Ctx, { user }: Identity): Promise<{ items: Passkey[] }> {
  return { items: (await db.listOf(ctx.tx, user.id)).map(present) }
}

/**
 * Begins to add a passkey.
 * @throws AppError invalid_state for the 21st, and when mPanel is reached by an address
 */
export async function beginPasskey(ctx: Ctx, me: Me): Promise<Ceremony> {
  const known = await db.listOf(ctx.tx, me.user.id)
  if (known.length >= MOST)
    throw new AppError('invalid_state', `You have ${MOST} passkeys. Remove one that you no longer use.`)
  const options = await generateRegistrationOptions({
    rpName: 'mPanel',
    rpID: proof.relyingParty(ctx).id,
    userID: new Uint8Array(proof.handleOf(me.user.id)),
    userName: me.user.email,
    userDisplayName: me.user.name,
    timeout: proof.CEREMONY_MS,
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
    excludeCredentials: known.map(({ credential_id: id, transports }) => ({
      id: id.toString('base64url'),
      transports,
    })),
  })
  await auditService.record(ctx, { action: 'PASSKEY_BEGUN', tenantId: null, target: self(me) })
  return proof.keepChallenge(ctx, { purpose: 'register', sessionId: me.sessionId }, options)
}

/**
 * Adds a passkey. The user's first second factor comes with recovery codes.
 * @returns with the session's new token, see `sessionTokens.renew`
 * @throws AppError invalid_input when it is not accepted, already_exists when it is known
 */
export async function addPasskey(
  root: Root,
  origin: Origin,
  me: Me,
  { ceremony, name, credential }: PasskeyCreate,
): Promise<{ made: PasskeyCreated; session: RenewedSession | undefined }> {
  const meant = { purpose: 'register', sessionId: me.sessionId } as const
  const made = await verified(root, await proof.takeChallenge(root, ceremony, meant), credential)
  return transaction(root, origin, 'platform', async (ctx) => {
    const isFirst = !(await factors.isEnrolled(ctx, me.user.id))
    const row = await db.insert(ctx.tx, {
      id: newId(),
      user_id: me.user.id,
      credential_id: Buffer.from(made.credential.id, 'base64url'),
      public_key: Buffer.from(made.credential.publicKey),
      counter: BigInt(made.credential.counter),
      transports: credential.transports,
      name,
      backed_up: made.credentialBackedUp,
      created_at: ctx.now(),
    })
    if (!row) throw new AppError('already_exists', 'This passkey has been added before.')
    await auditService.record(ctx, {
      action: 'PASSKEY_ADDED',
      tenantId: null,
      target: self(me),
      details: { name },
    })
    const codes = isFirst ? (await factors.newCodes(ctx, me.user)).codes : null
    return { made: { ...present(row), codes }, session: await renew(ctx, me.sessionId) }
  })
}

async function verified(root: Root, expectedChallenge: string, credential: PasskeyCreate['credential']) {
  const { id, clientDataJSON, attestationObject, transports } = credential
  const party = proof.relyingParty(root)
  try {
    // Of statements about its maker only none, or one by the key itself, is looked at: the chains of the others are
    // checked by asking addresses that stand in their certificates.
    const format = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url'))).get(
      'fmt',
    )
    if (format !== 'none' && format !== 'packed') throw new Error(`attestation ${format}`)
    const { verified: isRight, registrationInfo } = await verifyRegistrationResponse({
      response: {
        id,
        rawId: id,
        type: 'public-key',
        response: { clientDataJSON, attestationObject, transports },
        clientExtensionResults: {},
      },
      expectedChallenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    })
    if (!isRight || registrationInfo.credential.id !== id || proof.isFramed(clientDataJSON))
      throw new Error('not verified')
    return registrationInfo
  } catch (error) {
    root.log.info({ reason: (error as Error).message }, 'a new passkey was refused')
    throw proof.wrongPasskey('The passkey was not accepted. Begin again, and unlock it when you are asked.')
  }
}

/** @throws AppError not_found for what is not the caller's */
export async function renamePasskey(ctx: Ctx, me: Identity, id: string, name: string): Promise<Passkey> {
  const before = (await db.listOf(ctx.tx, me.user.id)).find((row) => row.id === id)
  const row = await db.rename(ctx.tx, me.user.id, id, name)
  if (!row) throw notFound('passkey')
  await auditService.record(ctx, {
    action: 'PASSKEY_RENAMED',
    tenantId: null,
    target: self(me),
    diff: { name: [before?.name ?? null, name] },
  })
  return present(row)
}

/** Recovery codes end with the last second factor. @throws AppError not_found for what is not the caller's */
export async function removePasskey(ctx: Ctx, me: Identity, id: string): Promise<void> {
  const removed = await db.remove(ctx.tx, me.user.id, id)
  if (!removed) throw notFound('passkey')
  await factors.endCodesWithoutFactor(ctx, me.user.id)
  await auditService.record(ctx, {
    action: 'PASSKEY_REMOVED',
    tenantId: null,
    target: self(me),
    details: { name: removed.name },
  })
  await mailService.notify(ctx, me.user, 'secondFactorRemoved')
}

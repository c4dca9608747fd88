import { isIP } from 'node:net'
import { generateAuthenticationOptions, verifyAuthenticationResponse } from '@simplewebauthn/server'
import type { Ceremony, PasskeyProof } from '../../../shared/api/authPasskeys.ts'
import type { Ctx, Root } from '../../context.ts'
import * as passkeys from '../../db/authPasskeys.ts'
import { AppError } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'

export const CEREMONY_MS = 5 * 60_000

/** To whom passkeys are bound: the host of the public address, and its pages. */
export function relyingParty({ settings }: Root): { id: string; origin: string } {
  const { hostname, origin } = new URL(settings.publicUrl)
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0)
    throw new AppError(
      'invalid_state',
      'Passkeys need a host name, and mPanel is reached by an address. Set MPANEL_PUBLIC_URL to a name, such as http://localhost:8080.',
    )
  return { id: hostname, origin }
}

type For = { purpose: passkeys.Purpose; sessionId: string | null }

/** Keeps a challenge for five minutes, for one answer. */
export async function keepChallenge(
  ctx: Ctx,
  { purpose, sessionId }: For,
  options: { challenge: string } & object,
): Promise<Ceremony> {
  const id = newId()
  const expiresAt = new Date(ctx.now().getTime() + CEREMONY_MS)
  await passkeys.insertChallenge(ctx.tx, {
    id,
    challenge: options.challenge,
    purpose,
    session_id: sessionId,
    expires_at: expiresAt,
  })
  return { ceremony: id, options: { ...options } }
}

/** Uses up a challenge, whatever comes of its answer. @throws AppError invalid_input when there is none (any more) */
export async function takeChallenge(root: Root, ceremony: string, meant: For): Promise<string> {
  const challenge = await root.db.transaction('platform', (tx) =>
    passkeys.takeChallenge(tx, ceremony, meant, root.now()),
  )
  if (challenge === undefined) throw wrongPasskey('This took too long or was done before. Begin again.')
  return challenge
}

/**
 * Asks for a signature. With `userId` by one of this user's passkeys, else by any that the authenticator finds.
 * @throws AppError invalid_state when mPanel is reached by an address
 */
export async function ask(
  ctx: Ctx,
  { userId, ...meant }: For & { userId: string | undefined },
): Promise<Ceremony> {
  const known = userId === undefined ? [] : await passkeys.listOf(ctx.tx, userId)
  const options = await generateAuthenticationOptions({
    rpID: relyingParty(ctx).id,
    timeout: CEREMONY_MS,
    userVerification: 'required',
    allowCredentials: known.map(({ credential_id: id, transports }) => ({
      id: id.toString('base64url'),
      transports,
    })),
  })
  return keepChallenge(ctx, meant, options)
}

export const wrongPasskey = (
  message = 'The passkey was not accepted. Use one that you have added here, and unlock it.',
): AppError => new AppError('invalid_input', message, { errors: [{ path: 'passkey', message }] })

type Found = NonNullable<Awaited<ReturnType<typeof passkeys.findByCredential>>>
export type Proven = Found & { newCounter: bigint; backedUp: boolean }

export const findPasskey = (ctx: Pick<Ctx, 'tx'>, given: PasskeyProof): Promise<Found | undefined> =>
  passkeys.findByCredential(ctx.tx, Buffer.from(given.credential.id, 'base64url'))

/**
 * Checks a signature: the challenge is used up, the passkey `found` is of `userId`, the origin, the host, the presence of
 * a verified person and the signature are right. What it answers counts once `accept` has noted it.
 * @throws AppError invalid_input
 */
export async function prove(
  root: Root,
  meant: For & { userId: string | undefined },
  found: Found | undefined,
  { ceremony, credential }: PasskeyProof,
): Promise<Proven> {
  const expectedChallenge = await takeChallenge(root, ceremony, meant)
  if (!found || (meant.userId !== undefined && found.user_id !== meant.userId)) throw wrongPasskey()
  if (!isHandleOf(found.user_id, credential.userHandle, meant.userId === undefined)) throw wrongPasskey()
  const { id, clientDataJSON, authenticatorData, signature } = credential
  const party = relyingParty(root)
  const { verified, authenticationInfo: info } = await verifyAuthenticationResponse({
    response: {
      id,
      rawId: id,
      type: 'public-key',
      response: { clientDataJSON, authenticatorData, signature },
      clientExtensionResults: {},
    },
    expectedChallenge,
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    requireUserVerification: true,
    credential: {
      id,
      publicKey: new Uint8Array(found.public_key),
      counter: Number(found.counter),
    },
  }).catch((error: unknown) => {
    root.log.info({ reason: (error as Error).message }, 'a passkey was refused')
    throw wrongPasskey()
  })
  if (!verified || isFramed(clientDataJSON)) throw wrongPasskey()
  return { ...found, newCounter: BigInt(info.newCounter), backedUp: info.credentialBackedUp }
}

/** Notes the use. @throws AppError invalid_input when the passkey is gone, or its counter was used meanwhile */
export async function accept(ctx: Ctx, { id, newCounter, backedUp }: Proven): Promise<'passkey'> {
  if (!(await passkeys.use(ctx.tx, id, { counter: newCounter, backedUp, at: ctx.now() })))
    throw wrongPasskey()
  return 'passkey'
}

export const handleOf = (userId: string): Buffer => Buffer.from(userId.replaceAll('-', ''), 'hex')

/** Whom the authenticator means. It must say so where nobody else does. */
const isHandleOf = (userId: string, handle: string | null, required: boolean): boolean =>
  handle === null ? !required : Buffer.from(handle, 'base64url').equals(handleOf(userId))

/** Nobody may show our pages in a frame, so no answer comes from one. */
export const isFramed = (clientDataJSON: string): boolean => {
  const { crossOrigin } = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString()) as {
    crossOrigin?: unknown
  }
  return crossOrigin === true
}

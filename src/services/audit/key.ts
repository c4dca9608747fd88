import { createPrivateKey, generateKeyPairSync, sign as signWith } from 'node:crypto'
import type { Ctx } from '../../context.ts'
import * as installation from '../../db/installation.ts'

const KEY = 'audit.key'
const PURPOSE = 'audit.key'

/** `former`: the public keys before, whose private halves were lost with the secret key. What they have signed counts. */
type StoredKey = { publicKey: string; sealed: string; former?: string[] }

/** The key that signs batches; the first one to ask makes it. The private half is sealed with the secret key. */
async function keyOf(ctx: Ctx): Promise<StoredKey> {
  const stored = (await installation.read(ctx.tx, KEY)) as StoredKey | undefined
  return stored ?? makeKey(ctx, [])
}

async function makeKey(ctx: Ctx, former: string[]): Promise<StoredKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const text = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
  const made = {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    sealed: ctx.sealer.seal(text, PURPOSE).toString('base64'),
    ...(former.length > 0 && { former }),
  }
  await installation.write(ctx.tx, KEY, made, ctx.now())
  return made
}

/** The public half as SPKI in base64; undefined before anything was sealed. */
export const publicKey = async (ctx: Ctx): Promise<string | undefined> =>
  ((await installation.read(ctx.tx, KEY)) as StoredKey | undefined)?.publicKey

/** The present public key and those before it, the newest first; none before anything was sealed. */
export async function publicKeys(ctx: Ctx): Promise<string[]> {
  const stored = (await installation.read(ctx.tx, KEY)) as StoredKey | undefined
  return stored ? [stored.publicKey, ...(stored.former ?? [])] : []
}

/** The private half is lost: a new key signs from now on. */
export async function replaceLostKey(ctx: Ctx): Promise<void> {
  const { publicKey: lost, former = [] } = await keyOf(ctx)
  await makeKey(ctx, [lost, ...former])
}

/** Signs with the installation's Ed25519 key. */
export async function sign(ctx: Ctx, hash: Buffer): Promise<Buffer> {
  const secret = ctx.sealer.open(Buffer.from((await keyOf(ctx)).sealed, 'base64'), PURPOSE)
  return signWith(
    null,
    hash,
    createPrivateKey({ key: Buffer.from(secret, 'base64'), format: 'der', type: 'pkcs8' }),
  )
}

/** A signature over 32 bytes with the public key that checks it, both in base64. */
export async function signHash(ctx: Ctx, hash: Buffer): Promise<{ signature: string; publicKey: string }> {
  const signature = await sign(ctx, hash)
  return { signature: signature.toString('base64'), publicKey: (await keyOf(ctx)).publicKey }
}

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

export const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()

/** A secret of `bytes` random bytes as base64url. */
export const randomToken = (bytes = 32): string => randomBytes(bytes).toString('base64url')

/** With which key something was sealed: the present one, the one before it, or neither; `lost`: see LOST. */
export type SealedUnder = 'present' | 'before' | 'none' | 'lost'

/** What stands where something was sealed with a key that is lost. It is too short to be anything sealed. */
export const LOST = Buffer.from('lost')
export const isLost = (sealed: Buffer | null): boolean => sealed !== null && LOST.equals(sealed)

/** Something needs a secret that nobody has any more: it waits until a person has entered it again. */
export class SecretLost extends Error {
  constructor() {
    super('Its secret was lost with the secret key of mPanel: enter it again.')
    this.name = 'SecretLost'
  }
}

/** Seals secrets for storage: AES-256-GCM, the purpose bound in, so that a sealed value cannot be moved to another use. */
export type Sealer = {
  /** Always with the present key. */
  seal(plain: string, purpose: string): Buffer
  /** @throws SecretLost; Error when the keys, the purpose or the bytes are not those of `seal`. */
  open(sealed: Buffer, purpose: string): string
  under(sealed: Buffer, purpose: string): SealedUnder
}

const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * @param key 32 bytes
 * @param before the key that was used until now, while what it sealed is sealed anew
 */
export function createSealer(key: Buffer, before?: Buffer): Sealer {
  if (key.length !== 32 || (before && before.length !== 32))
    throw new RangeError('the secret key must have 32 bytes')
  const tryBoth = (sealed: Buffer, purpose: string): [SealedUnder, string] => {
    try {
      return ['present', openWith(key, sealed, purpose)]
    } catch (error) {
      if (!before) throw error
      return ['before', openWith(before, sealed, purpose)]
    }
  }
  return {
    seal(plain, purpose) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(purpose))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body])
    },
    open(sealed, purpose) {
      if (isLost(sealed)) throw new SecretLost()
      return tryBoth(sealed, purpose)[1]
    },
    under(sealed, purpose) {
      if (isLost(sealed)) return 'lost'
      try {
        return tryBoth(sealed, purpose)[0]
      } catch {
        return 'none'
      }
    },
  }
}

function openWith(key: Buffer, sealed: Buffer, purpose: string): string {
  const iv = sealed.subarray(0, IV_BYTES)
  const tag = sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(purpose)).setAuthTag(tag)
  return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString(
    'utf8',
  )
}

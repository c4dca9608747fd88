import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

export const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()

/** A secret of `bytes` random bytes as base64url. */
export const randomToken = (bytes = 32): string => randomBytes(bytes).toString('base64url')

/** Seals secrets for storage: AES-256-GCM, the purpose bound in, so that a sealed value cannot be moved to another use. */
export type Sealer = {
  seal(plain: string, purpose: string): Buffer
  /** @throws Error when the key, the purpose or the bytes are not those of `seal`. */
  open(sealed: Buffer, purpose: string): string
}

const IV_BYTES = 12
const TAG_BYTES = 16

/** @param key 32 bytes */
export function createSealer(key: Buffer): Sealer {
  if (key.length !== 32) throw new RangeError('the secret key must have 32 bytes')
  return {
    seal(plain, purpose) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(purpose))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body])
    },
    open(sealed, purpose) {
      const iv = sealed.subarray(0, IV_BYTES)
      const tag = sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES)
      const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(purpose)).setAuthTag(tag)
      return Buffer.concat([
        decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)),
        decipher.final(),
      ]).toString('utf8')
    },
  }
}

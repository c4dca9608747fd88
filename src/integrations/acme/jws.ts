import { createHash, createHmac, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'

export type Signed = { protected: string; payload: string; signature: string }

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An account's key: its public half in the order of RFC 7638, and the algorithm it signs with. */
export class AccountKey {
  readonly jwk: Record<string, string>
  readonly #key: KeyObject
  readonly #algorithm: 'ES256' | 'ES384' | 'RS256'

  constructor(pem: string) {
    this.#key = createPrivateKey(pem)
    const { kty, crv, x, y, e, n } = createPublicKey(this.#key).export({ format: 'jwk' }) as Record<
      string,
      string
    >
    if (kty === 'EC' && (crv === 'P-256' || crv === 'P-384')) {
      this.jwk = { crv, kty, x: x ?? '', y: y ?? '' }
      this.#algorithm = crv === 'P-256' ? 'ES256' : 'ES384'
    } else if (kty === 'RSA') {
      this.jwk = { e: e ?? '', kty, n: n ?? '' }
      this.#algorithm = 'RS256'
    } else throw new Error('an account key must be RSA, or EC on P-256 or P-384')
  }

  get thumbprint(): string {
    return createHash('sha256').update(JSON.stringify(this.jwk)).digest('base64url')
  }

  /** RFC 7515, flattened. Without a payload it is a POST-as-GET. */
  sign(header: Record<string, unknown>, payload: unknown): Signed {
    const head = encoded({ alg: this.#algorithm, ...header })
    const body = payload === undefined ? '' : encoded(payload)
    const signature = sign(`sha${this.#algorithm.slice(2)}`, Buffer.from(`${head}.${body}`), {
      key: this.#key,
      dsaEncoding: 'ieee-p1363',
    })
    return { protected: head, payload: body, signature: signature.toString('base64url') }
  }
}

/** RFC 8555, section 7.3.4: the CA's customer vouches for the account key. */
export function bindExternally(
  account: { kid: string; hmacKey: string },
  jwk: Record<string, string>,
  url: string,
): Signed {
  const [head, body] = [encoded({ alg: 'HS256', kid: account.kid, url }), encoded(jwk)]
  const signature = createHmac('sha256', Buffer.from(account.hmacKey, 'base64url'))
    .update(`${head}.${body}`)
    .digest('base64url')
  return { protected: head, payload: body, signature }
}

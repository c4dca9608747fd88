import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type {
  Ceremony,
  Passkey,
  PasskeyCreate,
  PasskeyCreated,
  PasskeyProof,
} from '../../shared/api/authPasskeys.ts'
import type { Answer, Api } from '../support/api.ts'

/** What an authenticator, a browser or somebody in between could do differently. */
export type Change = {
  origin?: string
  rpId?: string
  verified?: boolean
  counter?: number
  challenge?: string
  handle?: string | null
  crossOrigin?: boolean
  type?: string
  credentialId?: string
  signature?: Buffer
  format?: string
}

export type Authenticator = {
  create(ceremony: Ceremony, change?: Change): PasskeyCreate['credential']
  get(ceremony: Ceremony, change?: Change): PasskeyProof['credential']
}

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()
const text = (data: Buffer): string => data.toString('base64url')

/** CBOR of what attestation objects are made of. */
function cbor(value: number | string | Buffer | Map<number | string, unknown>): Buffer {
  const head = (major: number, length: number): Buffer =>
    length < 24
      ? Buffer.from([(major << 5) | length])
      : length < 256
        ? Buffer.from([(major << 5) | 24, length])
        : Buffer.from([(major << 5) | 25, length >> 8, length & 255])
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  const entries = [...value].flatMap(([key, inner]) => [cbor(key), cbor(inner as Buffer)])
  return Buffer.concat([head(5, value.size), ...entries])
}

/** A whole authenticator with one key, for pages at `origin`. */
export function softwareAuthenticator(origin: string): Authenticator {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const cose = cbor(
    new Map<number | string, unknown>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]),
  )
  const id = randomBytes(32)
  let counter = 0
  let handle: string | null = null

  const client = (type: string, { options }: Ceremony, change: Change): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: change.type ?? type,
        challenge: change.challenge ?? options['challenge'],
        origin: change.origin ?? origin,
        crossOrigin: change.crossOrigin ?? false,
      }),
    )
  const data = (change: Change, attested: Buffer): Buffer => {
    const flags = 1 | (change.verified === false ? 0 : 4) | (attested.length > 0 ? 64 : 0)
    const count = Buffer.alloc(4)
    count.writeUInt32BE(change.counter ?? counter)
    return Buffer.concat([
      sha256(change.rpId ?? new URL(origin).hostname),
      Buffer.from([flags]),
      count,
      attested,
    ])
  }
  return {
    create: (ceremony, change = {}) => {
      handle = (ceremony.options['user'] as { id: string }).id
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, cose])
      const attestation = new Map<number | string, unknown>([
        ['fmt', change.format ?? 'none'],
        ['attStmt', new Map()],
        ['authData', data(change, attested)],
      ])
      return {
        id: change.credentialId ?? text(id),
        clientDataJSON: text(client('webauthn.create', ceremony, change)),
        attestationObject: text(cbor(attestation)),
        transports: ['internal'],
      }
    },
    get: (ceremony, change = {}) => {
      if (change.counter === undefined) counter += 1
      const clientData = client('webauthn.get', ceremony, change)
      const authData = data(change, Buffer.alloc(0))
      const signed = sign('sha256', Buffer.concat([authData, sha256(clientData)]), privateKey)
      return {
        id: change.credentialId ?? text(id),
        clientDataJSON: text(clientData),
        authenticatorData: text(authData),
        signature: text(change.signature ?? signed),
        userHandle: change.handle === undefined ? handle : change.handle,
      }
    },
  }
}

/** Begins a ceremony. */
export async function ceremonyOf(api: Api, path: string): Promise<Ceremony> {
  const { status, body } = await api.post<Ceremony>(path, {})
  if (status !== 200) throw new Error(`no ceremony: ${status} ${JSON.stringify(body)}`)
  return body
}

/** Adds a passkey of this authenticator to the caller. */
export async function register(
  api: Api,
  authenticator: Authenticator,
  change: Change = {},
): Promise<Answer<PasskeyCreated>> {
  const asked = await ceremonyOf(api, '/api/auth/passkeys/options')
  const credential = authenticator.create(asked, change)
  return api.post('/api/auth/passkeys', { ceremony: asked.ceremony, name: 'My key', credential })
}

/** An answer to a new ceremony at `path`. */
export async function proofAt(
  api: Api,
  path: string,
  authenticator: Authenticator,
  change: Change = {},
): Promise<PasskeyProof> {
  const asked = await ceremonyOf(api, path)
  return { ceremony: asked.ceremony, credential: authenticator.get(asked, change) }
}

/** Logs in without a password. */
export const logInWith = async (
  api: Api,
  authenticator: Authenticator,
  change: Change = {},
): Promise<Answer<{ code?: string }>> =>
  api.post('/api/auth/passkey', await proofAt(api, '/api/auth/passkey/options', authenticator, change))

export const passkeysOf = async (api: Api): Promise<Passkey[]> =>
  (await api.get<{ items: Passkey[] }>('/api/auth/passkeys')).body.items

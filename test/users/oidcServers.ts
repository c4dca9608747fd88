import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as contentOf } from 'node:stream/consumers'
import OpenIdProvider from 'oidc-provider'
import { newId } from '../../src/lib/ids.ts'

export const CLIENT = { id: 'mpanel', secret: 'a secret of the client, long enough' }

type Handler = (request: IncomingMessage, response: ServerResponse) => void
type Server = { issuer: string; handle: (handler: Handler) => void; close: () => Promise<void> }

async function listen(): Promise<Server> {
  let current: Handler = (_, response) => void response.writeHead(404).end()
  const server = createServer((request, response) => current(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    handle: (handler) => (current = handler),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export type RealProvider = {
  issuer: string
  close: () => Promise<void>
  /**
   * Makes mPanel known to it.
   * @param verified the domain of e-mails of which it says that they are verified, told by the book: not in the token
   */
  know: (redirectUri: string, verified?: string) => void
}

/** A certified OpenID provider. Whoever it is told to be logged in is believed; the name is the subject. */
export async function realProvider(): Promise<RealProvider> {
  const { issuer, handle, close } = await listen()
  return {
    issuer,
    close,
    know: (redirectUri, verified) =>
      handle(
        new OpenIdProvider(issuer, {
          clients: [
            {
              client_id: CLIENT.id,
              client_secret: CLIENT.secret,
              redirect_uris: [redirectUri],
              response_types: ['code'],
              grant_types: ['authorization_code'],
            },
          ],
          cookies: { keys: [newId()] },
          claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
          conformIdTokenClaims: verified !== undefined,
          pkce: { required: () => true },
          findAccount: (_: unknown, id: string) => ({
            accountId: id,
            claims: () => ({
              sub: id,
              name: `Ms ${id}`,
              email: `${id}@${verified ?? 'example.com'}`,
              email_verified: verified !== undefined,
            }),
          }),
        }).callback(),
      ),
  }
}

/** What a person’s browser does at the provider: logs in, agrees, and is sent back. @returns the address */
export async function signOnAt(url: string, subject: string): Promise<URL> {
  const { origin } = new URL(url)
  const jar = new Map<string, string>()
  let next = url
  let form: Record<string, string> | undefined
  for (let step = 0; step < 12; step++) {
    const response = await fetch(next, {
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      jar.set(name, value)
    }
    form = undefined
    const location = response.headers.get('location')
    if (location !== null) {
      next = new URL(location, origin).href
      if (!next.startsWith(origin)) return new URL(next)
      continue
    }
    const page = await response.text()
    form = page.includes('name="login"')
      ? { prompt: 'login', login: subject, password: 'any' }
      : { prompt: 'consent' }
    next = new URL(/action="([^"]+)"/.exec(page)?.[1] ?? '', origin).href
  }
  throw new Error('the provider did not send the browser back')
}

export type Claims = Record<string, unknown>
export type HostileProvider = {
  issuer: string
  close: () => Promise<void>
  /** What it says of itself beside the usual. */
  metadata: Record<string, unknown>
  /** The next token, from the claims of an honest one. */
  token: (claims: Claims) => string | Promise<string>
  signed: (claims: Claims, header?: Claims, key?: KeyObject) => string
  /** Signed with the public key as if it were a secret. */
  confused: (claims: Claims) => string
  /** How often a code was exchanged. */
  exchanged: number
  claims: Claims
  /** What it says for a code, where that is not `claims`. */
  byCode: Map<string, Claims>
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A provider that can be told to lie. */
export async function hostileProvider(): Promise<HostileProvider> {
  const { issuer, handle, close } = await listen()
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const signed: HostileProvider['signed'] = (
    claims,
    header = { alg: 'RS256', kid: 'one' },
    key = privateKey,
  ) => {
    const text = `${part(header)}.${part(claims)}`
    return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
  }
  const provider: HostileProvider = {
    issuer,
    close,
    metadata: {},
    token: (claims) => signed(claims),
    signed,
    confused: (claims) => {
      const text = `${part({ alg: 'HS256', kid: 'one' })}.${part(claims)}`
      const secret = publicKey.export({ type: 'spki', format: 'pem' })
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
    },
    exchanged: 0,
    claims: {},
    byCode: new Map(),
  }
  handle((request, response) => {
    const answer = (body: object): void =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (request.url === '/jwks')
      return answer({
        keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }],
      })
    if (request.url === '/token') {
      provider.exchanged += 1
      return void contentOf(request)
        .then((form) => provider.byCode.get(new URLSearchParams(form).get('code') ?? '') ?? provider.claims)
        .then((claims) => provider.token(claims))
        .then((token) => answer({ access_token: 'x', token_type: 'bearer', id_token: token }))
    }
    return answer({
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      ...provider.metadata,
    })
  })
  return provider
}

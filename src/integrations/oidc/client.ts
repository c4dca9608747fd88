import * as oidc from 'openid-client'
import { OutgoingFault, type OutgoingAnswer, type OutgoingRequest } from '../../lib/outgoing.ts'
import type { Oidc, OidcConnection, OidcPerson, OidcResult } from './types.ts'

type Send = (request: OutgoingRequest) => Promise<OutgoingAnswer>

const TIMEOUT_MS = 5_000
const MAX_BYTES = 500_000

/** A provider whose address a person has typed: every call goes through `send`, which keeps out of our networks. */
export function createOidc(send: Send, connection: OidcConnection): Oidc {
  const { issuer, clientId, clientSecret, redirectUri } = connection
  // `send` lets http: into allowed networks only.
  const execute = [oidc.enableNonRepudiationChecks]
  if (issuer.startsWith('http:')) execute.push(oidc.allowInsecureRequests)

  const discovered = async (): Promise<oidc.Configuration> => {
    const config = await oidc.discovery(
      new URL(issuer),
      clientId,
      clientSecret === null ? {} : { client_secret: clientSecret },
      clientSecret === null ? oidc.None() : authenticated(clientSecret),
      { execute, timeout: TIMEOUT_MS / 1000, [oidc.customFetch]: fetchThrough(send) },
    )
    const {
      authorization_endpoint: page = '',
      token_endpoint: token,
      jwks_uri: keys,
    } = config.serverMetadata()
    // A browser is sent there, so it must be a page and nothing a browser would run.
    const isPage = URL.canParse(page) && [new URL(issuer).protocol, 'https:'].includes(new URL(page).protocol)
    if (!isPage || token === undefined || keys === undefined) throw new Incomplete()
    return config
  }
  return {
    check: () => told(async () => void (await discovered())).then(withNull),
    begin: ({ state, nonce, verifier }, { anew }) =>
      told(async () => {
        const parameters = {
          redirect_uri: redirectUri,
          scope: 'openid email profile',
          response_type: 'code',
          state,
          nonce,
          code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
          ...(anew && { prompt: 'login', max_age: '0' }),
        }
        return oidc.buildAuthorizationUrl(await discovered(), parameters).href
      }),
    finish: (returned, { state, nonce, verifier }, { email }) =>
      told(async () => {
        const config = await discovered()
        const tokens = await oidc.authorizationCodeGrant(config, returned, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        })
        const claims = tokens.claims()
        if (!claims) throw new Incomplete()
        // By the book, a provider that gives an access token has the e-mail at a place of its own.
        const { userinfo_endpoint: place } = config.serverMetadata()
        const isMissing = email && claims['email'] === undefined && place !== undefined
        const more = isMissing ? await oidc.fetchUserInfo(config, tokens.access_token, claims.sub) : {}
        return personOf({ ...more, ...claims })
      }),
  }
}

class Incomplete extends Error {}

/** In the header, which is what a provider that says nothing takes; in the body where it takes only that. */
function authenticated(secret: string): oidc.ClientAuth {
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)]
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const inHeader = methods.includes('client_secret_basic') || !methods.includes('client_secret_post')
    return (inHeader ? basic : post)(server, client, body, headers)
  }
}

const withNull = (result: OidcResult<void>): OidcResult<null> =>
  result.ok ? { ok: true, value: null } : result

const MULTI_FACTOR = new Set(['http://schemas.openid.net/pape/policies/2007/06/multi-factor', 'phr', 'phrh'])

/** No database keeps a text with a zero byte. */
const isText = (claim: unknown): claim is string => typeof claim === 'string' && !claim.includes('\0')
const textOf = (claim: unknown): string | null => (isText(claim) ? claim : null)
const MAX_SUBJECT = 255

function personOf(claims: oidc.IDToken): OidcPerson {
  const { iss, sub, amr, acr, auth_time: authTime } = claims
  if (!isText(sub) || sub.length > MAX_SUBJECT) throw new Error('this is no subject of OpenID Connect')
  const email = textOf(claims['email'])
  return {
    issuer: iss,
    subject: sub,
    label: email ?? textOf(claims['preferred_username']),
    name: textOf(claims['name']),
    email,
    // Nothing but the word itself: some providers write "false".
    emailVerified: claims['email_verified'] === true,
    multiFactor:
      (Array.isArray(amr) && amr.includes('mfa')) || (typeof acr === 'string' && MULTI_FACTOR.has(acr)),
    authenticatedAt: authTime === undefined ? null : new Date(authTime * 1000),
  }
}

/** The `fetch` of the library, by our own way out. */
const fetchThrough =
  (send: Send): oidc.CustomFetch =>
  async (url, { method, headers, body }) => {
    const answer = await send({
      url,
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      ...(body instanceof URLSearchParams ? { body: body.toString() } : {}),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    })
    const type = answer.headers['content-type']
    return new Response([204, 304].includes(answer.status) ? null : new Uint8Array(answer.body), {
      status: answer.status,
      headers: type === undefined ? {} : { 'content-type': type },
    })
  }

async function told<T>(work: () => Promise<T>): Promise<OidcResult<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    return { ok: false, fault: faultOf(error) }
  }
}

/** What went wrong, without a word of the other side's. */
function faultOf(error: unknown): string {
  if (error instanceof Incomplete) return 'it does not say where to log in, to get tokens, or its keys'
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof OutgoingFault) return cause.message
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^\w{1,60}$/.test(code)
    ? `its answer is not what OpenID Connect asks for (${code})`
    : 'its answer is not what OpenID Connect asks for'
}

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ok, unknown } from '../../lib/outcome.ts'
import { createHttp, HttpFault, retryAfterMs, type HttpAnswer } from './http.ts'
import { AccountKey, bindExternally } from './jws.ts'
import { problemText, readProblem, refusalOf, unreachable } from './problems.ts'
import type { Acme, AcmeAuthorization, AcmeConnection, AcmeOrder, AcmeOutcome } from './types.ts'

const TIMEOUT_MS = 15_000
/** A nonce is refused by chance or by age: the answer brings a fresh one each time. */
const MAX_NONCE_RETRIES = 12
const MAX_NONCES = 32
/** Further pages of orders are not read: what was just asked for is among the newest of few. */
const MAX_ORDER_PAGES = 5
const MAX_ORDERS = 50

const directory = z.object({
  newNonce: z.string(),
  newAccount: z.string(),
  newOrder: z.string(),
  revokeCert: z.string(),
  keyChange: z.string(),
  renewalInfo: z.string().optional(),
  meta: z
    .object({
      termsOfService: z.string().optional(),
      caaIdentities: z.array(z.string()).nullish(),
      externalAccountRequired: z.boolean().optional(),
      profiles: z.record(z.string(), z.string()).optional(),
    })
    .default({}),
})
type Directory = z.infer<typeof directory>

const identifier = z.object({ type: z.string(), value: z.string() })
const order = z.object({
  // The last three are not of the RFC, but Pebble says so once a proof of the order was given up.
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  identifiers: z.array(identifier),
  authorizations: z.array(z.string()),
  finalize: z.string(),
  certificate: z.string().optional(),
  error: z.unknown().optional(),
})
const OVER = new Set(['deactivated', 'expired', 'revoked'])
const authorization = z.object({
  status: z.enum(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  identifier,
  wildcard: z.boolean().optional(),
  challenges: z.array(
    z.object({
      type: z.string(),
      url: z.string(),
      token: z.string().default(''),
      status: z.enum(['pending', 'processing', 'valid', 'invalid']),
      error: z.unknown().optional(),
    }),
  ),
})
const window = z.object({
  suggestedWindow: z.object({
    start: z.iso.datetime({ offset: true }),
    end: z.iso.datetime({ offset: true }),
  }),
  explanationURL: z.string().optional(),
})

const sentence = (error: unknown): string | null =>
  error === undefined || error === null ? null : problemText(readProblem(error))

const linksOf = (answer: HttpAnswer, rel: string): string[] =>
  [answer.headers.link ?? []]
    .flat()
    .flatMap((header) => [...header.matchAll(/<([^>]+)>\s*;\s*rel="?([\w-]+)"?/g)])
    .filter(([, , name]) => name === rel)
    .map(([, url = '']) => url)

/** A client of one account at one CA. It repeats nothing but what was refused for its nonce. */
export function createAcme(connection: AcmeConnection): Acme {
  const send = createHttp({
    ...(connection.ca === undefined ? {} : { ca: connection.ca }),
    timeoutMs: connection.timeoutMs ?? TIMEOUT_MS,
  })
  let key = new AccountKey(connection.accountKeyPem)
  let account = connection.accountUrl
  let known: Directory | null = null
  const nonces: string[] = []

  /** Every answer brings a nonce for the next request. */
  async function call(...[method, url, more]: Parameters<typeof send>): Promise<HttpAnswer> {
    const answer = await send(method, url, more)
    const nonce = answer.headers['replay-nonce']
    if (typeof nonce === 'string' && nonces.push(nonce) > MAX_NONCES) nonces.shift()
    return answer
  }

  /** Turns what `work` throws into an outcome. @param writes a lost answer may have done something */
  async function outcome<T>(writes: boolean, work: () => Promise<AcmeOutcome<T>>): Promise<AcmeOutcome<T>> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof HttpFault)
        return writes && error.sent ? unknown(`The CA: ${error.message}.`) : unreachable(error.message)
      if (error instanceof z.ZodError || error instanceof SyntaxError)
        return unknown('The CA answered in a form that is not known.')
      throw error
    }
  }

  async function theDirectory(signal?: AbortSignal): Promise<AcmeOutcome<Directory>> {
    if (known !== null) return ok(known)
    const answer = await call('GET', connection.directoryUrl, { signal })
    if (answer.status !== 200) return refusalOf(answer)
    known = directory.parse(JSON.parse(answer.body))
    return ok(known)
  }

  async function nonce(newNonce: string, signal?: AbortSignal): Promise<string | null> {
    if (nonces.length === 0) await call('HEAD', newNonce, { signal })
    return nonces.pop() ?? null
  }

  /** Signs and posts; without a payload it is a POST-as-GET. */
  async function post(
    url: string,
    payload: unknown,
    more: { byKey?: boolean; accept?: string; signal?: AbortSignal | undefined } = {},
  ): Promise<AcmeOutcome<HttpAnswer>> {
    const urls = await theDirectory(more.signal)
    if (urls.outcome !== 'ok') return urls
    for (let tries = 0; ; tries++) {
      const fresh = await nonce(urls.value.newNonce, more.signal)
      if (fresh === null) return unreachable('it gave no nonce')
      const who = more.byKey === true || account === null ? { jwk: key.jwk } : { kid: account }
      const answer = await call('POST', url, {
        body: JSON.stringify(key.sign({ ...who, nonce: fresh, url }, payload)),
        headers: {
          'content-type': 'application/jose+json',
          ...(more.accept === undefined ? {} : { accept: more.accept }),
        },
        signal: more.signal,
      })
      if (answer.status < 300) return ok(answer)
      const refusal = refusalOf(answer)
      if (refusal.code !== 'bad_nonce') return refusal
      if (tries >= MAX_NONCE_RETRIES) return { ...refusal, code: 'issuer_error', retryable: true }
    }
  }

  const orderIn = (answer: HttpAnswer, url: string): AcmeOrder => {
    const found = order.parse(JSON.parse(answer.body))
    return {
      url: answer.headers.location ?? url,
      status: OVER.has(found.status) ? 'invalid' : (found.status as AcmeOrder['status']),
      names: found.identifiers.map(({ value }) => value.toLowerCase()),
      authorizations: found.authorizations,
      finalizeUrl: found.finalize,
      certificateUrl: found.certificate ?? null,
      problem: sentence(found.error),
      retryAfterMs: retryAfterMs(answer.headers['retry-after']),
    }
  }

  const readOrder = async (url: string, signal?: AbortSignal): Promise<AcmeOutcome<AcmeOrder>> => {
    const answer = await post(url, undefined, { signal })
    return answer.outcome === 'ok' ? ok(orderIn(answer.value, url)) : answer
  }

  const write = (url: string, payload: unknown, signal?: AbortSignal): Promise<AcmeOutcome<null>> =>
    outcome(true, async () => {
      const answer = await post(url, payload, { signal })
      return answer.outcome === 'ok' ? ok(null) : answer
    })

  return {
    directory: (signal) =>
      outcome(false, async () => {
        const found = await theDirectory(signal)
        if (found.outcome !== 'ok') return found
        const { renewalInfo, meta } = found.value
        return ok({
          hasAri: renewalInfo !== undefined,
          needsExternalAccount: meta.externalAccountRequired ?? false,
          termsOfService: meta.termsOfService ?? null,
          caaIdentities: (meta.caaIdentities ?? []).map((name) => name.toLowerCase()),
          profiles: Object.keys(meta.profiles ?? {}),
        })
      }),

    register: ({ email, externalAccount, onlyExisting }, signal) =>
      outcome(true, async () => {
        const urls = await theDirectory(signal)
        if (urls.outcome !== 'ok') return urls
        const url = urls.value.newAccount
        const payload = onlyExisting
          ? { onlyReturnExisting: true }
          : {
              termsOfServiceAgreed: true,
              ...(email === null ? {} : { contact: [`mailto:${email}`] }),
              ...(externalAccount && {
                externalAccountBinding: bindExternally(externalAccount, key.jwk, url),
              }),
            }
        const answer = await post(url, payload, { byKey: true, signal })
        if (answer.outcome !== 'ok') return answer
        const { location } = answer.value.headers
        if (location === undefined) return unknown('The CA did not say where the account is.')
        account = location
        return ok({ url: location })
      }),

    changeKey: (newKeyPem, signal) =>
      outcome(true, async () => {
        const urls = await theDirectory(signal)
        if (urls.outcome !== 'ok') return urls
        const url = urls.value.keyChange
        const next = new AccountKey(newKeyPem)
        const inner = next.sign({ jwk: next.jwk, url }, { account, oldKey: key.jwk })
        const answer = await post(url, inner, { signal })
        if (answer.outcome !== 'ok') return answer
        key = next
        return ok(null)
      }),

    newOrder: ({ names, replaces, profile }, signal) =>
      outcome(true, async () => {
        const urls = await theDirectory(signal)
        if (urls.outcome !== 'ok') return urls
        const payload = {
          identifiers: names.map((value) => ({ type: 'dns', value })),
          ...(replaces === undefined ? {} : { replaces }),
          ...(profile === undefined ? {} : { profile }),
        }
        const answer = await post(urls.value.newOrder, payload, { signal })
        return answer.outcome === 'ok' ? ok(orderIn(answer.value, '')) : answer
      }),

    unfinishedOrders: (signal) =>
      outcome(false, async () => {
        if (account === null) return ok([])
        const answer = await post(account, undefined, { signal })
        if (answer.outcome !== 'ok') return answer
        let next = z.object({ orders: z.string().optional() }).parse(JSON.parse(answer.value.body)).orders
        const urls: string[] = []
        for (let pages = 0; next !== undefined && pages < MAX_ORDER_PAGES; pages++) {
          const page = await post(next, undefined, { signal })
          if (page.outcome !== 'ok') return page
          urls.push(...z.object({ orders: z.array(z.string()) }).parse(JSON.parse(page.value.body)).orders)
          next = linksOf(page.value, 'next')[0]
        }
        const found: AcmeOrder[] = []
        for (const url of urls.slice(-MAX_ORDERS)) {
          const one = await readOrder(url, signal)
          if (one.outcome === 'ok' && (one.value.status === 'pending' || one.value.status === 'ready'))
            found.push({ ...one.value, url })
        }
        return ok(found)
      }),

    order: (url, signal) => outcome(false, () => readOrder(url, signal)),

    authorization: (url, signal) =>
      outcome(false, async () => {
        const answer = await post(url, undefined, { signal })
        if (answer.outcome !== 'ok') return answer
        const found = authorization.parse(JSON.parse(answer.value.body))
        return ok({
          url,
          name: found.identifier.value.toLowerCase(),
          wildcard: found.wildcard ?? false,
          status: found.status,
          challenges: found.challenges.map(({ error, ...challenge }) => ({
            ...challenge,
            problem: sentence(error),
          })),
          retryAfterMs: retryAfterMs(answer.value.headers['retry-after']),
        } satisfies AcmeAuthorization)
      }),

    answer: (url, signal) => write(url, {}, signal),
    deactivate: (url, signal) => write(url, { status: 'deactivated' }, signal),

    finalize: (url, request, signal) =>
      outcome(true, async () => {
        const answer = await post(url, { csr: request.toString('base64url') }, { signal })
        return answer.outcome === 'ok' ? ok(orderIn(answer.value, '')) : answer
      }),

    certificate: (url, signal) =>
      outcome(false, async () => {
        const answer = await post(url, undefined, { accept: 'application/pem-certificate-chain', signal })
        if (answer.outcome !== 'ok') return answer
        return ok({ pem: answer.value.body, alternates: linksOf(answer.value, 'alternate') })
      }),

    revoke: (certificate, reason, signal) =>
      outcome(true, async () => {
        const urls = await theDirectory(signal)
        if (urls.outcome !== 'ok') return urls
        return write(
          urls.value.revokeCert,
          { certificate: certificate.toString('base64url'), reason },
          signal,
        )
      }),

    renewalInfo: (ariId, signal) =>
      outcome(false, async () => {
        const urls = await theDirectory(signal)
        if (urls.outcome !== 'ok') return urls
        if (urls.value.renewalInfo === undefined) return ok(null)
        const answer = await call('GET', `${urls.value.renewalInfo}/${ariId}`, { signal })
        if (answer.status !== 200) return refusalOf(answer)
        const { suggestedWindow, explanationURL } = window.parse(JSON.parse(answer.body))
        return ok({
          start: new Date(suggestedWindow.start),
          end: new Date(suggestedWindow.end),
          explanationUrl: explanationURL ?? null,
          retryAfterMs: retryAfterMs(answer.headers['retry-after']),
        })
      }),

    words: {
      proofOf: (token) => {
        const text = `${token}.${key.thumbprint}`
        return { http: text, dns: createHash('sha256').update(text).digest('base64url') }
      },
    },
  }
}

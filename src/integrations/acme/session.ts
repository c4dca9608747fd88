import { z } from 'zod'
import { ok, unknown } from '../../lib/outcome.ts'
import { directory, type Directory } from './answers.ts'
import type { AllowedNetworks } from '../../lib/outgoing.ts'
import { createHttp, HttpFault, type HttpAnswer } from './http.ts'
import { AccountKey } from './jws.ts'
import { refusalOf, unreachable } from './problems.ts'
import type { AcmeConnection, AcmeOutcome } from './types.ts'

const TIMEOUT_MS = 15_000
/** A nonce is refused by chance or by age: the answer brings a fresh one each time. */
const MAX_NONCE_RETRIES = 12
const MAX_NONCES = 32

type Signal = AbortSignal | undefined

/** Turns what `work` throws into an outcome. @param writes a lost answer may have done something */
export async function outcome<T>(
  writes: boolean,
  work: () => Promise<AcmeOutcome<T>>,
): Promise<AcmeOutcome<T>> {
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

/** Signed requests of one account to one CA. It repeats nothing but what was refused for its nonce. */
export class AcmeSession {
  key: AccountKey
  account: string | null
  readonly #send: ReturnType<typeof createHttp>
  readonly #directoryUrl: string
  #directory: Directory | null = null
  readonly #nonces: string[] = []

  constructor(connection: AcmeConnection, allowed: AllowedNetworks) {
    this.#send = createHttp({
      allowed,
      ...(connection.ca === undefined ? {} : { ca: connection.ca }),
      timeoutMs: connection.timeoutMs ?? TIMEOUT_MS,
    })
    this.#directoryUrl = connection.directoryUrl
    this.key = new AccountKey(connection.accountKeyPem)
    this.account = connection.accountUrl
  }

  /** Every answer brings a nonce for the next request. */
  async call(...[method, url, more]: Parameters<ReturnType<typeof createHttp>>): Promise<HttpAnswer> {
    const answer = await this.#send(method, url, more)
    const nonce = answer.headers['replay-nonce']
    if (typeof nonce === 'string' && this.#nonces.push(nonce) > MAX_NONCES) this.#nonces.shift()
    return answer
  }

  async directory(signal: Signal): Promise<AcmeOutcome<Directory>> {
    if (this.#directory !== null) return ok(this.#directory)
    const answer = await this.call('GET', this.#directoryUrl, { signal })
    if (answer.status !== 200) return refusalOf(answer)
    this.#directory = directory.parse(JSON.parse(answer.body))
    return ok(this.#directory)
  }

  async #nonce(newNonce: string, signal: Signal): Promise<string | null> {
    if (this.#nonces.length === 0) await this.call('HEAD', newNonce, { signal })
    return this.#nonces.pop() ?? null
  }

  /** Signs and posts; without a payload it is a POST-as-GET. */
  async post(
    url: string,
    payload: unknown,
    more: { byKey?: boolean; accept?: string; signal?: Signal } = {},
  ): Promise<AcmeOutcome<HttpAnswer>> {
    const urls = await this.directory(more.signal)
    if (urls.outcome !== 'ok') return urls
    for (let tries = 0; ; tries++) {
      const nonce = await this.#nonce(urls.value.newNonce, more.signal)
      if (nonce === null) return unreachable('it gave no nonce')
      const who = more.byKey === true || this.account === null ? { jwk: this.key.jwk } : { kid: this.account }
      const answer = await this.call('POST', url, {
        body: JSON.stringify(this.key.sign({ ...who, nonce, url }, payload)),
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

  /** A question by POST-as-GET. */
  ask<T>(url: string, signal: Signal, read: (answer: HttpAnswer) => T): Promise<AcmeOutcome<T>> {
    return outcome(false, async () => {
      const answer = await this.post(url, undefined, { signal })
      return answer.outcome === 'ok' ? ok(read(answer.value)) : answer
    })
  }

  /** Something that changes the CA, at an address of its own or at one of the directory. */
  write<T>(
    to: string | ((urls: Directory) => string),
    payload: object | ((url: string) => object),
    signal: Signal,
    read: (answer: HttpAnswer) => T,
  ): Promise<AcmeOutcome<T>> {
    return outcome(true, async () => {
      const urls = await this.directory(signal)
      if (urls.outcome !== 'ok') return urls
      const url = typeof to === 'string' ? to : to(urls.value)
      const body = typeof payload === 'function' ? (payload as (url: string) => object)(url) : payload
      const answer = await this.post(url, body, { signal })
      return answer.outcome === 'ok' ? ok(read(answer.value)) : answer
    })
  }
}

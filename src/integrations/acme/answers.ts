import { z } from 'zod'
import { retryAfterMs } from '../../lib/retryAfter.ts'
import type { HttpAnswer } from './http.ts'
import { problemText, readProblem } from './problems.ts'
import type { AcmeAuthorization, AcmeOrder, AcmeRenewalInfo } from './types.ts'

/** What a CA answers (RFC 8555, RFC 9773). An answer of another shape throws, and is unknown. */

export const directory = z.object({
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
export type Directory = z.infer<typeof directory>

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
const pauseOf = ({ headers }: HttpAnswer): number | null => retryAfterMs(headers['retry-after'])

/** @param url where it is, unless the answer says so */
export function orderIn(answer: HttpAnswer, url: string): AcmeOrder {
  const found = order.parse(JSON.parse(answer.body))
  return {
    url: answer.headers.location ?? url,
    status: OVER.has(found.status) ? 'invalid' : (found.status as AcmeOrder['status']),
    names: found.identifiers.map(({ value }) => value.toLowerCase()),
    authorizations: found.authorizations,
    finalizeUrl: found.finalize,
    certificateUrl: found.certificate ?? null,
    problem: sentence(found.error),
    retryAfterMs: pauseOf(answer),
  }
}

export function authorizationIn(answer: HttpAnswer, url: string): AcmeAuthorization {
  const found = authorization.parse(JSON.parse(answer.body))
  return {
    url,
    name: found.identifier.value.toLowerCase(),
    wildcard: found.wildcard ?? false,
    status: found.status,
    challenges: found.challenges.map(({ error, ...challenge }) => ({
      ...challenge,
      problem: sentence(error),
    })),
    retryAfterMs: pauseOf(answer),
  }
}

export function windowIn(answer: HttpAnswer): AcmeRenewalInfo {
  const { suggestedWindow, explanationURL } = window.parse(JSON.parse(answer.body))
  return {
    start: new Date(suggestedWindow.start),
    end: new Date(suggestedWindow.end),
    explanationUrl: explanationURL ?? null,
    retryAfterMs: pauseOf(answer),
  }
}

/** Where an account's orders are, and a page of them. */
export const ordersUrlIn = ({ body }: HttpAnswer): string | undefined =>
  z.object({ orders: z.string().optional() }).parse(JSON.parse(body)).orders
export const orderUrlsIn = ({ body }: HttpAnswer): string[] =>
  z.object({ orders: z.array(z.string()) }).parse(JSON.parse(body)).orders

export const linksOf = ({ headers }: HttpAnswer, rel: string): string[] =>
  [headers.link ?? []]
    .flat()
    .flatMap((header) => [...header.matchAll(/<([^<>]+)> {0,3}; {0,3}rel="?([\w-]+)"?/g)])
    .filter(([, , name]) => name === rel)
    .map(([, url = '']) => url)

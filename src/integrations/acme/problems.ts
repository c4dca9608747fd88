import { z } from 'zod'
import { rejected } from '../../lib/outcome.ts'
import { retryAfterMs } from '../../lib/retryAfter.ts'
import type { HttpAnswer } from './http.ts'
import type { AcmeRejected } from './types.ts'

const problem = z.object({
  type: z.string().default('about:blank'),
  detail: z.string().default(''),
  subproblems: z
    .array(
      z.object({
        detail: z.string().default(''),
        identifier: z.object({ value: z.string() }).optional(),
      }),
    )
    .default([]),
})
export type AcmeProblem = z.infer<typeof problem>

const PREFIX = 'urn:ietf:params:acme:error:'
/** RFC 8555, section 6.7, and RFC 9773: what each type means for us. */
const CODES: Record<string, string> = {
  rateLimited: 'rate_limited',
  alreadyReplaced: 'already_replaced',
  accountDoesNotExist: 'account_missing',
  orderNotReady: 'order_not_ready',
  rejectedIdentifier: 'name_refused',
  unsupportedIdentifier: 'name_refused',
  caa: 'caa',
  unauthorized: 'not_authorized',
  connection: 'not_authorized',
  dns: 'not_authorized',
  incorrectResponse: 'not_authorized',
  tls: 'not_authorized',
  alreadyRevoked: 'already_revoked',
  externalAccountRequired: 'external_account',
  serverInternal: 'issuer_error',
  badNonce: 'bad_nonce',
}

export function readProblem(body: unknown): AcmeProblem {
  const parsed = problem.safeParse(body)
  return parsed.success ? parsed.data : { type: 'about:blank', detail: '', subproblems: [] }
}

/** In the CA's words, each name that it complains of beside them. */
export const problemText = ({ detail, type, subproblems }: AcmeProblem): string =>
  [
    detail || type.replace(PREFIX, ''),
    ...subproblems.map((one) => `${one.identifier?.value ?? 'a name'}: ${one.detail}`),
  ].join('; ')

/** What an answer that is no success says. */
export function refusalOf(answer: HttpAnswer): AcmeRejected {
  let body: unknown = null
  try {
    body = JSON.parse(answer.body)
  } catch {
    // A proxy's page, for example: the status alone counts.
  }
  const found = readProblem(body)
  const known = CODES[found.type.replace(PREFIX, '')]
  const code =
    known ?? (answer.status === 429 ? 'rate_limited' : answer.status >= 500 ? 'issuer_error' : 'refused')
  const text = body === null ? `The CA answered with the status ${answer.status}.` : problemText(found)
  return {
    ...rejected(code, text, { retryable: code === 'issuer_error' }),
    retryAfterMs: retryAfterMs(answer.headers['retry-after']),
    names: found.subproblems.map((one) => ({ name: one.identifier?.value ?? '', message: one.detail })),
  }
}

export const unreachable = (message: string): AcmeRejected => ({
  ...rejected('unreachable', `The CA: ${message}.`, { retryable: true }),
  retryAfterMs: null,
  names: [],
})

import { Stripe } from 'stripe'
import { ok, rejected, unknown, type Outcome, type Rejected } from '../../lib/outcome.ts'
import { NOT_OUR_TURN } from './stripePace.ts'
import type { BillingCode } from './types.ts'

const MAX_MESSAGE = 300

export const refusal = (code: BillingCode, message: string): Rejected =>
  rejected(code, message.slice(0, MAX_MESSAGE), {
    retryable: code === 'unreachable' || code === 'throttled',
  })

/** Nothing was sent: there was nobody to send it to. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

const BUSY = 'There is more to ask of Stripe than it takes at once: this is tried again in a little while.'

const codeOf = (fault: unknown): string =>
  typeof fault === 'object' && fault !== null && 'code' in fault ? String(fault.code) : ''

/**
 * What a failed call means. Only what stands here is proven not to have been done; all else is unknown: a 502 of a proxy, a
 * saved 500, an answer that broke off, another call with the same key that is still going on.
 */
export function failureOf(error: unknown): Exclude<Outcome<never>, { outcome: 'ok' | 'pending' }> {
  if (error instanceof Stripe.errors.StripeConnectionError) {
    const code = codeOf(error.detail)
    if (code === NOT_OUR_TURN) return refusal('throttled', BUSY)
    return NOT_SENT.has(code)
      ? refusal('unreachable', `Stripe cannot be reached (${code}).`)
      : unknown(`Stripe has not answered${code === '' ? '' : ` (${code})`}.`)
  }
  if (!(error instanceof Stripe.errors.StripeError)) throw error
  const { statusCode: status, message } = error
  // Also a locked object (`lock_timeout`). Whatever `Stripe-Should-Retry` says, nothing was done, and the job asks again later.
  if (error instanceof Stripe.errors.StripeRateLimitError)
    return refusal('throttled', `Stripe asks us to come later: ${message}`)
  if (error instanceof Stripe.errors.StripeIdempotencyError) return refusal('reused', message)
  if (error instanceof Stripe.errors.StripeAuthenticationError)
    return refusal('unauthorized', 'Stripe does not take the key: it is wrong, or was revoked.')
  if (error instanceof Stripe.errors.StripePermissionError) return refusal('forbidden', message)
  if (error instanceof Stripe.errors.StripeInvalidRequestError && (status === 400 || status === 404))
    return refusal(error.code === 'resource_missing' || status === 404 ? 'missing' : 'invalid', message)
  if (error instanceof Stripe.errors.StripeCardError) return refusal('invalid', message)
  return unknown(`Stripe answered ${status ?? 'what is no JSON'}: it may have been done.`)
}

/** What Stripe answered has not the shape that we know. */
export class Unreadable extends Error {}

/** Calls Stripe and reads the answer. Never rejects: what went wrong is an outcome. */
export async function asked<A, T>(call: () => Promise<A>, read: (answer: A) => T): Promise<Outcome<T>> {
  try {
    return ok(read(await call()))
  } catch (error) {
    if (error instanceof Unreadable) return unknown(`Stripe answered what cannot be read: ${error.message}`)
    return failureOf(error)
  }
}

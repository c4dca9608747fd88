import type { Stripe } from 'stripe'
import type { Outcome } from '../../lib/outcome.ts'
import { asked, refusal } from './stripeErrors.ts'
import { MARK } from './stripeShapes.ts'
import type { BillingProvider, Write } from './types.ts'

/** What the parts of the client of Stripe share. */
export type Of<K extends keyof BillingProvider> = Pick<BillingProvider, K>

/** Clocks there and here differ a little: what was made since then may carry an earlier time. */
const SLACK_S = 300
export const PAGE = 100

export const marked = ({ mark }: Write): Record<string, string> => ({ [MARK]: mark })
export const keyed = ({ key }: Write): Stripe.RequestOptions => ({ idempotencyKey: key })
export const secondsOf = (since: Date): number => Math.floor(since.getTime() / 1000) - SLACK_S
export const NO_SUCH_AMOUNT = (currency: string) =>
  refusal('invalid', `Stripe does not take this very amount of ${currency}.`)

/** Reads a list to its end. */
export async function everything<A, T>(
  call: () => Stripe.ApiListPromise<A>,
  read: (one: A) => T[],
): Promise<Outcome<T[]>> {
  const found: T[] = []
  return asked(
    async () => {
      for await (const one of call()) found.push(...read(one))
    },
    () => found,
  )
}

import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'

/** `closed`: orders nothing more, and can be reopened. `merged`: its things belong to another customer now. */
export const CUSTOMER_STATES = ['active', 'closed', 'merged'] as const
export type CustomerState = (typeof CUSTOMER_STATES)[number]

type Subject = { state: CustomerState; erasedAt?: unknown }

const MERGED = t`This customer was merged into another one: work with that one.`
const ERASED = t`The personal data of this customer was erased: nothing can be added to it any more.`

const NO_ORDERS: Record<Exclude<CustomerState, 'active'>, string> = {
  closed: t`The customer is closed and can order nothing.`,
  merged: t`The customer is merged and can order nothing.`,
}

/** Which action a customer allows now, and if not, why: used by the service to refuse and by the pages to explain. */
export const canCustomer = {
  change: ({ state, erasedAt }: Subject): Verdict =>
    state === 'merged' ? refused(MERGED) : erasedAt ? refused(ERASED) : allowed,

  merge: ({ state, erasedAt }: Subject): Verdict =>
    state === 'merged'
      ? refused(MERGED)
      : erasedAt
        ? refused(ERASED)
        : state === 'closed'
          ? refused(t`A closed customer takes part in no merge: reopen it first.`)
          : allowed,

  order: ({ state }: Subject): Verdict => (state === 'active' ? allowed : refused(NO_ORDERS[state])),

  close: ({ state }: Subject): Verdict =>
    state === 'active' ? allowed : refused(state === 'merged' ? MERGED : t`The customer is already closed.`),

  reopen: ({ state, erasedAt }: Subject): Verdict =>
    state === 'merged'
      ? refused(MERGED)
      : erasedAt
        ? refused(ERASED)
        : state === 'active'
          ? refused(t`The customer is not closed.`)
          : allowed,

  erase: ({ state, erasedAt }: Subject): Verdict =>
    state === 'merged'
      ? refused(MERGED)
      : erasedAt
        ? refused(t`The personal data was erased already.`)
        : state === 'active'
          ? refused(t`Close the customer first: what is live needs its data.`)
          : allowed,
} as const

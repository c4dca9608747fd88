import { randomBytes } from 'node:crypto'

export type Metadata = Record<string, string>

/** What a saved card does when it is charged while its owner is away. */
export type Behaviour =
  | 'succeeds'
  | 'generic_decline'
  | 'insufficient_funds'
  | 'lost_card'
  | 'expired_card'
  | 'authentication_required'
  | 'processing'
  | 'disputed'

export type Customer = {
  id: string
  created: number
  name: string | null
  email: string | null
  metadata: Metadata
  deleted: boolean
}
export type Method = {
  id: string
  created: number
  customer: string | null
  brand: string
  last4: string
  exp_month: number
  exp_year: number
  behaviour: Behaviour
}
export type IntentError = { type: string; code: string; decline_code?: string; message: string }
export type Intent = {
  id: string
  created: number
  amount: number
  amount_received: number
  currency: string
  customer: string | null
  payment_method: string | null
  status: 'requires_payment_method' | 'requires_action' | 'processing' | 'succeeded' | 'canceled'
  description: string | null
  metadata: Metadata
  last_payment_error: IntentError | null
  charge: string | null
  disputed: boolean
}
export type Dispute = {
  id: string
  created: number
  amount: number
  currency: string
  payment_intent: string
  charge: string | null
  status: 'warning_needs_response' | 'needs_response' | 'under_review' | 'won' | 'lost'
  reason: string
  due_by: number
  submissions: number
  /** What moved: taken with a fee, and given back. */
  moved: { amount: number; fee: number; currency: string }[]
  /** In which currency the account is settled, and how much of it one of the payment's is. */
  settled: { currency: string; rate: number }
}
export type Refund = {
  id: string
  created: number
  amount: number
  currency: string
  payment_intent: string
  status: 'pending' | 'succeeded' | 'failed'
  reason: string | null
  metadata: Metadata
}
export type Session = {
  id: string
  created: number
  mode: 'payment' | 'setup'
  customer: string | null
  currency: string | null
  amount_total: number | null
  description: string | null
  status: 'open' | 'complete' | 'expired'
  expires_at: number
  success_url: string
  cancel_url: string
  payment_intent: string | null
  setup_intent: string | null
  intent_metadata: Metadata
  saves: boolean
  metadata: Metadata
}
export type SetupIntent = {
  id: string
  created: number
  customer: string | null
  payment_method: string | null
  status: 'succeeded' | 'requires_payment_method'
  metadata: Metadata
}
export type Event = {
  id: string
  created: number
  type: string
  object: Record<string, unknown>
  key: string | null
}

export type World = {
  account: { id: string; charges_enabled: boolean }
  /** Keys that are taken, and what each may do; the first may do everything. */
  keys: Map<string, 'all' | 'read'>
  customers: Map<string, Customer>
  methods: Map<string, Method>
  intents: Map<string, Intent>
  refunds: Map<string, Refund>
  disputes: Map<string, Dispute>
  sessions: Map<string, Session>
  setups: Map<string, SetupIntent>
  events: Event[]
  /** Refunds are not done at once. */
  slowRefunds: boolean
}

export const emptyWorld = (): World => ({
  account: { id: `acct_${token(16)}`, charges_enabled: true },
  keys: new Map(),
  customers: new Map(),
  methods: new Map(),
  intents: new Map(),
  refunds: new Map(),
  disputes: new Map(),
  sessions: new Map(),
  setups: new Map(),
  events: [],
  slowRefunds: false,
})

export const token = (length: number): string => randomBytes(length).toString('hex').slice(0, length)
export const newId = (prefix: string): string => `${prefix}_${token(24)}`

type Fault = {
  type: string
  message: string
  code?: string
  param?: string
  decline_code?: string
  payment_intent?: unknown
}

/** What is answered instead. */
export class Refused extends Error {
  readonly status: number
  readonly error: Fault
  readonly headers: Record<string, string>
  constructor(status: number, error: Fault, headers: Record<string, string> = {}) {
    super(error.message)
    this.status = status
    this.error = error
    this.headers = headers
  }
}

export const invalid = (message: string, more: { code?: string; param?: string } = {}): Refused =>
  new Refused(400, { type: 'invalid_request_error', message, ...more })

const missing = (what: string, id: string, param: string): Refused =>
  new Refused(param === 'id' ? 404 : 400, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${what}: '${id}'`,
    param,
  })

export function existing<T>(map: ReadonlyMap<string, T>, what: string, id: string, param = 'id'): T {
  const found = map.get(id)
  if (found === undefined) throw missing(what, id, param)
  return found
}

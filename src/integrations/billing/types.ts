import type { Outcome } from '../../lib/outcome.ts'
import type { BillingRecord } from './recordTypes.ts'

/** What is told by one that keeps the books itself. */
export type { RecordClient, RecordInvoice, RecordPage, RecordService } from './recordTypes.ts'

/**
 * What mPanel asks of whoever moves money for it, in our words. mPanel owns contract, invoice and overdue state; a provider
 * collects what an invoice of ours asks for. The comments are the contract; `test/contracts/billing.ts` holds every provider
 * to it. Every call has a time-out, none is repeated by the provider's client with another key.
 */

type ProviderKind = 'manual' | 'stripe' | 'whmcs'

/** As whom a provider is asked. The key comes from the caller, and never reaches a message or a log line. */
export type BillingConnection =
  | { kind: 'manual' }
  | { kind: 'stripe'; key: string; live: boolean; webhookSecret: string | null; timeoutMs?: number }
  | {
      kind: 'whmcs'
      /** Without `/includes/api.php`. */
      url: string
      identifier: string
      secret: string
      /** Lets us in from any address. */
      accessKey: string | null
      webhookSecret: string | null
      timeoutMs?: number
    }

/** What a provider can do at all; callers ask this and never its kind. What it cannot is `rejected` with `unsupported`. */
type Caps = { methods: boolean; charges: boolean; refunds: boolean; webhooks: boolean }

/**
 * Codes of `rejected`, each proven not to have been carried out:
 * `unreachable` (not sent; retryable), `throttled` (429, a locked object; retryable), `unauthorized` (401), `forbidden` (403),
 * `missing` (no such object), `invalid` (any other refusal of what was asked), `reused` (the idempotency key came with other
 * parameters: a bug), `unsupported` (see `Caps`).
 */
export type BillingCode =
  | 'unreachable'
  | 'throttled'
  | 'unauthorized'
  | 'forbidden'
  | 'missing'
  | 'invalid'
  | 'reused'
  | 'unsupported'

/** One write: the key was stored before the call, and the same key always comes with the same words. */
export type Write = {
  key: string
  /** What the write leaves behind carries this, so that it is found again when the answer is lost. */
  mark: string
}

/** `currency`: in which he is billed, as far as that is known. */
type CustomerCard = { name: string; email: string; currency: string | null }

export type Method = {
  ref: string
  kind: string
  brand: string | null
  last4: string | null
  expMonth: number | null
  expYear: number | null
}

/** `processing`: the outcome comes later. `needs_action`: the customer has to do something on a page of the provider. */
export type PaymentStatus = 'processing' | 'needs_action' | 'succeeded' | 'declined' | 'cancelled'

export type RefundFound = {
  ref: string
  mark: string | null
  amountMinor: bigint
  status: 'pending' | 'succeeded' | 'failed'
}

/** What the bank of a customer takes back of a payment. */
export type DisputeFound = {
  ref: string
  amountMinor: bigint
  /** `inquiry`: the bank only asks. `won`: it ended without a loss. */
  status: 'inquiry' | 'open' | 'won' | 'lost'
  reason: string
  /** Until when the provider takes evidence, and whether it has any. */
  evidenceDueAt: Date | null
  evidenceSent: boolean
  /** What of the money is away just now. */
  withdrawnMinor: bigint
  /** What the provider has charged for that, in the currency that it settles in. */
  feeMinor: bigint
  feeCurrency: string
  openedAt: Date
}

/** What a provider says of one payment now. A refusal of the card is an answer (`declined`), no failure of the call. */
export type PaymentFound = {
  ref: string
  /** Of the attempt it was made for; null: mPanel has not made it. */
  mark: string | null
  customerRef: string | null
  methodRef: string | null
  amountMinor: bigint
  currency: string
  status: PaymentStatus
  /** Why it was declined, in a word of ours that decides, and in words for people. */
  decline: { code: string; message: string; needsCustomer: boolean; isFinal: boolean } | null
  refunds: RefundFound[]
  disputes: DisputeFound[]
}

/** A page of the provider on which a customer pays, or leaves a card. */
export type HostedPage = {
  ref: string
  mark: string | null
  url: string | null
  status: 'open' | 'complete' | 'expired'
  expiresAt: Date
  /** What was paid on it. */
  paymentRef: string | null
  customerRef: string | null
}

export type ChargeAsked = Write & {
  customerRef: string
  methodRef: string
  amountMinor: bigint
  currency: string
  description: string
}

export type LinkAsked = Write & {
  customerRef: string
  amountMinor: bigint
  currency: string
  description: string
  returnUrl: string
  expiresAt: Date
}

export type Health = {
  account: string
  live: boolean
  /** What a person has to do about it, each a sentence. */
  problems: string[]
}

/** Where something is looked at again after the provider has said that it changed. */
export type Target =
  | { kind: 'payment'; ref: string }
  | { kind: 'page'; ref: string }
  | { kind: 'customer'; ref: string }
  | { kind: 'method'; ref: string }
  /** Of a provider that keeps books of its own: whose they are is found out by looking. */
  | { kind: 'client'; ref: string }
  | { kind: 'service'; ref: string }
  | { kind: 'invoice'; ref: string }

/** A message of the provider whose signature is right. It is a doorbell: what it says is not believed, but looked up. */
export type Notice = {
  id: string
  type: string
  live: boolean
  /** Null: nothing that mPanel keeps. */
  target: Target | null
  at: Date
}

export type BillingProvider = {
  readonly kind: ProviderKind
  readonly caps: Caps
  /** What it tells of its own books; null: it keeps none. */
  readonly record: BillingRecord | null
  health(): Promise<Outcome<Health>>

  /** Customers that carry this mark and were made since then. */
  findCustomers(mark: string, email: string, since: Date): Promise<Outcome<string[]>>
  createCustomer(write: Write, card: CustomerCard): Promise<Outcome<string>>
  /** The methods that can be charged while the customer is away. `missing` when the customer is gone. */
  methods(customerRef: string): Promise<Outcome<Method[]>>
  /** Null: it is attached to nobody any more. */
  method(ref: string): Promise<Outcome<{ method: Method; customerRef: string } | null>>
  /** Taking away what is gone is `ok`. */
  detachMethod(ref: string): Promise<Outcome<null>>
  /** A page on which the customer leaves a method; the same key gives the same page. */
  setupPage(
    write: Write,
    asked: { customerRef: string; currency: string; returnUrl: string },
  ): Promise<Outcome<HostedPage>>

  /** Takes money while the customer is away. */
  charge(asked: ChargeAsked): Promise<Outcome<PaymentFound>>
  /** Payments of a customer that carry this mark and were made since then. */
  findPayments(mark: string, customerRef: string, since: Date): Promise<Outcome<PaymentFound[]>>
  payment(ref: string): Promise<Outcome<PaymentFound>>

  payPage(asked: LinkAsked): Promise<Outcome<HostedPage>>
  findPages(mark: string, customerRef: string, since: Date): Promise<Outcome<HostedPage[]>>
  page(ref: string): Promise<Outcome<HostedPage>>
  /** Lets an open page end; what was paid on it meanwhile is told by the page that is answered. */
  expirePage(ref: string): Promise<Outcome<HostedPage>>

  refund(
    write: Write,
    asked: { paymentRef: string; amountMinor: bigint; currency: string },
  ): Promise<Outcome<RefundFound>>
  refunds(paymentRef: string): Promise<Outcome<RefundFound[]>>

  /** Reads a message from outside; null when its signature is not right, or from another time than now. No I/O. */
  notice(body: Buffer, signature: string | undefined, now: Date): Notice | null
  /** What it had to say since then, whether it was heard or not, as far back as it keeps that; nothing where it keeps none. */
  said(since: Date): Promise<Outcome<Notice[]>>
}

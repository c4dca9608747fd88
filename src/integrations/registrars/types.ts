import type { Outcome } from '../../lib/outcome.ts'

/**
 * What mPanel asks of whoever registers domains for it, in our words. The comments are the contract;
 * `test/contracts/registrars.ts` holds every registrar to it. No call rejects, each has a time-out, and none that costs money is
 * repeated by a client: after `unknown` the caller looks by `info`, `transfer` or `poll`.
 */

type RegistrarKind = 'epp' | 'namesilo'

/** As whom a registrar is asked. Secrets come from the caller, and never reach a message or a log line. */
export type RegistrarConnection =
  | {
      kind: 'epp'
      host: string
      port: number
      clientId: string
      password: string
      /** In what the account is kept: EPP itself does not say. */
      currency: string
      /** Some registries keep no contacts (`false`), others ask for them with every domain. */
      contacts: boolean
      /** PEM of the CA of their certificate, when no public one has signed it. */
      ca?: string
      /** A certificate that we show, with its key. */
      cert?: string
      key?: string
      timeoutMs?: number
    }
  | { kind: 'namesilo'; url: string; key: string; currency: string; timeoutMs?: number }

/** What a registrar can do at all; callers ask this and never its kind. What it cannot is `rejected` with `unsupported`. */
type RegistrarCaps = {
  /** It tells of changes by a queue of messages. */
  poll: boolean
  /** A renewal names the expiry that it is from, so that it cannot happen twice. */
  guardedRenewal: boolean
  /** Transfers away can be answered. */
  transferAnswers: boolean
  restore: boolean
  remove: boolean
  privacy: boolean
  ds: boolean
  contacts: boolean
  /** It says what a deed costs for a name that is registered, too. */
  fees: boolean
}

/**
 * Codes of `rejected`, each proven not to have been carried out:
 * `unreachable` (nothing was sent; retryable), `throttled` (retryable), `unauthorized`, `forbidden`, `unsupported`,
 * `no_funds` (the account is empty), `taken` (somebody has the name), `not_found` (no such domain, or not ours), `invalid` (of what was
 * sent), `not_eligible` (too early, or not for this holder), `prohibited` (a status of the domain forbids it), `in_use` (others
 * depend on it), `policy` (a rule of the registry), `price_changed` (it costs something else than was agreed), `wrong_auth_code`,
 * `no_transfer` (none is pending), `transfer_pending`.
 */
export type RegistrarCode =
  | 'unreachable'
  | 'throttled'
  | 'unauthorized'
  | 'forbidden'
  | 'unsupported'
  | 'no_funds'
  | 'taken'
  | 'not_found'
  | 'invalid'
  | 'not_eligible'
  | 'prohibited'
  | 'in_use'
  | 'policy'
  | 'price_changed'
  | 'wrong_auth_code'
  | 'no_transfer'
  | 'transfer_pending'

/** Identifies one call; it was stored before. A registry keeps it with what it did. */
type CallId = string

export type Price = { amountMinor: bigint; currency: string }

/** `limitMinor`: below what the registrar itself says that it is low; null: it does not say. */
export type Balance = Price & { limitMinor: bigint | null }

export type Availability = {
  name: string
  available: boolean
  /** Why it is not, in the registry's words. */
  reason: string | null
  premium: boolean
  /** What each deed costs us for a year; null: it was not said. */
  prices: Record<PaidOperation, Price | null>
}

export type PaidOperation = 'register' | 'renew' | 'transferIn' | 'restore'
/** `premium`: it has a price of its own; null: nobody could say. */
export type Quote = { price: Price | null; premium: boolean | null }

/**
 * What was agreed for a premium name, as the registry is paid: with any other price nothing is done (`price_changed`). Null: it is no
 * premium name, and if it is, nothing is done either.
 */
type Agreed = { agreed: Price | null }

export type NameServer = {
  host: string
  /** Its addresses, when it is below the domain itself (glue). */
  addresses: string[]
}

export type DsRecord = { keyTag: number; algorithm: number; digestType: number; digest: string }

type ContactRole = 'registrant' | 'admin' | 'tech' | 'billing'

export type Contact = {
  /** Ours. The same id with other words changes the contact at the registrar. */
  id: string
  name: string
  company: string | null
  street: string
  city: string
  region: string | null
  postcode: string
  country: string
  /** As `+49.301234567`. */
  phone: string
  email: string
}
export type Contacts = Record<ContactRole, Contact>

/** Where a domain is in its life, as the registry says. */
export type Phase =
  | 'pending_registry'
  | 'active'
  | 'suspended'
  | 'expired_grace'
  | 'redemption'
  | 'pending_restore'
  | 'pending_delete'
  | 'transfer_out_pending'

export type DomainFacts = {
  name: string
  /** Whether it is in our account. Of others' domains little is known. */
  ours: boolean
  phase: Phase
  createdAt: Date | null
  expiresAt: Date | null
  nameservers: string[]
  ds: DsRecord[]
  locked: boolean
  /** Null: the registrar does not know of such a thing. */
  privacy: boolean | null
  statuses: string[]
}

/** `other`: words we do not know; it is looked at again, and people are told. */
export type TransferFacts = {
  status: 'pending' | 'completed' | 'refused' | 'cancelled' | 'none' | 'other'
  /** What is missing, or what the registrar says. */
  words: string
  /** When a pending one is decided by itself. */
  actsAt: Date | null
  /** Whether it is ours to answer, or we have asked for it. */
  direction: 'in' | 'out'
}

/** A message of the registry. It is acknowledged only after what it says has been stored. */
export type RegistryMessage = {
  id: string
  at: Date | null
  /** In its own words. */
  text: string
  /** Which domain it is about, if it is about one. */
  name: string | null
  about: 'transfer_out' | 'transferred_out' | 'transfer_in' | 'pending_action' | 'low_balance' | 'other'
  /** What is left, of `low_balance`, where the message says it. */
  balance: { amountMinor: bigint; limitMinor: bigint | null } | null
}

type RegisterAsked = Agreed & {
  name: string
  years: number
  /** None of them below the name itself: those come with `setNameservers`. */
  nameservers: readonly string[]
  contacts: Contacts
  privacy: boolean
}

export type Registrar = {
  readonly kind: RegistrarKind
  readonly caps: RegistrarCaps

  /** Many names in one question; the answer has each name that was asked. */
  check(names: readonly string[]): Promise<Outcome<Availability[]>>
  quote(operation: PaidOperation, name: string, years: number): Promise<Outcome<Quote>>
  /** `ok(null)`: there is no such domain, or none that we may see. Never said when the question was not answered. */
  info(name: string): Promise<Outcome<DomainFacts | null>>

  /** `pending`: accepted, and decided later; a message and `info` say how. What has become of it is read back by `info`. */
  register(id: CallId, asked: RegisterAsked): Promise<Outcome<null>>
  /** @param expiresAt as the registry says now: with another expiry nothing is renewed (`policy`) */
  renew(id: CallId, asked: Agreed & { name: string; years: number; expiresAt: Date }): Promise<Outcome<null>>
  /** Always `pending` when it was accepted: the losing side has its days. Asking for what is pending already is the same. */
  transferIn(
    id: CallId,
    asked: Agreed & { name: string; authCode: string; years: number; contacts: Contacts },
  ): Promise<Outcome<null>>
  transfer(name: string): Promise<Outcome<TransferFacts>>
  cancelTransfer(id: CallId, name: string): Promise<Outcome<null>>
  answerTransferOut(id: CallId, name: string, how: 'approve' | 'reject'): Promise<Outcome<null>>
  /** Back out of redemption. `pending`: the registry decides. */
  restore(id: CallId, name: string, agreed: Price | null): Promise<Outcome<null>>
  /** `pending` when it goes into redemption first. A domain that is gone, or on its way, is deleted. */
  remove(id: CallId, name: string): Promise<Outcome<null>>

  /** The following set what is to be, whatever was before: they may be repeated. */
  setNameservers(id: CallId, name: string, to: readonly NameServer[]): Promise<Outcome<null>>
  setHost(id: CallId, host: string, addresses: readonly string[]): Promise<Outcome<null>>
  removeHost(id: CallId, host: string): Promise<Outcome<null>>
  setDs(id: CallId, name: string, to: readonly DsRecord[]): Promise<Outcome<null>>
  setContacts(id: CallId, name: string, to: Contacts): Promise<Outcome<null>>
  setLock(id: CallId, name: string, locked: boolean): Promise<Outcome<null>>
  setPrivacy(id: CallId, name: string, on: boolean): Promise<Outcome<null>>
  /** The code by which the domain moves to another registrar, or null: it is mailed to the holder. */
  authCode(id: CallId, name: string): Promise<Outcome<string | null>>

  /** The oldest message that was not acknowledged, or null. */
  poll(): Promise<Outcome<RegistryMessage | null>>
  acknowledge(messageId: string): Promise<Outcome<null>>
  /** `unsupported` where the account's balance is not told. */
  balance(): Promise<Outcome<Balance>>
  /** Ends the connection. The next call makes a new one. */
  close(): Promise<void>
}

import type { Ok, Rejected, Unknown } from '../../lib/outcome.ts'

/** What mPanel asks of a CA that speaks ACME (RFC 8555, ARI by RFC 9773). Names are as in certificates, `*.` in front of wildcards. */
export type AcmeConnection = {
  directoryUrl: string
  /** PEM of the CAs to trust instead of the system's. */
  ca?: string
  accountKeyPem: string
  /** Null while the account is not known: only `register` works then. */
  accountUrl: string | null
  timeoutMs?: number
}

/**
 * `code` of a refusal: `rate_limited`, `already_replaced`, `account_missing`, `order_not_ready`, `name_refused` (the CA does not
 * give certificates for it), `caa` (CAA forbids it), `not_authorized` (a proof failed), `already_revoked`, `external_account`,
 * `issuer_error` (its fault, it may pass), `unreachable`, or `refused` for all else.
 */
export type AcmeRejected = Rejected & {
  /** How long it asks to be left alone. */
  retryAfterMs: number | null
  /** What it says of each name. */
  names: { name: string; message: string }[]
}
export type AcmeOutcome<T> = Ok<T> | AcmeRejected | Unknown

type AcmeDirectory = {
  hasAri: boolean
  needsExternalAccount: boolean
  termsOfService: string | null
  /** What CAA records name this CA by. */
  caaIdentities: string[]
  profiles: string[]
}

export type AcmeOrder = {
  url: string
  status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid'
  names: string[]
  authorizations: string[]
  finalizeUrl: string
  certificateUrl: string | null
  problem: string | null
  retryAfterMs: number | null
}

type AcmeChallenge = {
  type: string
  url: string
  token: string
  status: 'pending' | 'processing' | 'valid' | 'invalid'
  problem: string | null
}

export type AcmeAuthorization = {
  url: string
  name: string
  wildcard: boolean
  status: 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked'
  challenges: AcmeChallenge[]
  retryAfterMs: number | null
}

export type AcmeRenewalInfo = {
  start: Date
  end: Date
  explanationUrl: string | null
  retryAfterMs: number | null
}

export interface Acme {
  directory(signal?: AbortSignal): Promise<AcmeOutcome<AcmeDirectory>>
  /** Makes the account of the key, or finds it: the same key gives the same account. */
  register(
    request: {
      email: string | null
      externalAccount?: { kid: string; hmacKey: string }
      onlyExisting?: boolean
    },
    signal?: AbortSignal,
  ): Promise<AcmeOutcome<{ url: string }>>
  /** Another key for the account. The client goes on with it. */
  changeKey(newKeyPem: string, signal?: AbortSignal): Promise<AcmeOutcome<null>>
  newOrder(
    request: { names: readonly string[]; replaces?: string; profile?: string },
    signal?: AbortSignal,
  ): Promise<AcmeOutcome<AcmeOrder>>
  /** What a lost answer may have left: the account's unfinished orders. Empty where the CA does not tell. */
  unfinishedOrders(signal?: AbortSignal): Promise<AcmeOutcome<AcmeOrder[]>>
  order(url: string, signal?: AbortSignal): Promise<AcmeOutcome<AcmeOrder>>
  authorization(url: string, signal?: AbortSignal): Promise<AcmeOutcome<AcmeAuthorization>>
  /** The proof is in place: the CA may look. Repeating it changes nothing. */
  answer(challengeUrl: string, signal?: AbortSignal): Promise<AcmeOutcome<null>>
  /** Gives up an authorization that is no longer wanted. */
  deactivate(authorizationUrl: string, signal?: AbortSignal): Promise<AcmeOutcome<null>>
  finalize(finalizeUrl: string, request: Buffer, signal?: AbortSignal): Promise<AcmeOutcome<AcmeOrder>>
  /** The chain in PEM form, and where others are that lead to other roots. */
  certificate(url: string, signal?: AbortSignal): Promise<AcmeOutcome<{ pem: string; alternates: string[] }>>
  /** By the account, for one of the reasons of RFC 5280. */
  revoke(certificate: Buffer, reason: number, signal?: AbortSignal): Promise<AcmeOutcome<null>>
  /** When the CA wants a certificate renewed; null where it does not say. */
  renewalInfo(ariId: string, signal?: AbortSignal): Promise<AcmeOutcome<AcmeRenewalInfo | null>>
  readonly words: {
    /** What is shown for a token: the text at its HTTP address; the value of the TXT record, which is also the digest for TLS. */
    proofOf(token: string): { http: string; dns: string }
  }
}

import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'

/** What is proven of a certificate. */
export const SSL_STATES = ['pending', 'issued', 'revoked', 'removed'] as const
type SslState = (typeof SSL_STATES)[number]
/** What is being attempted. */
export const SSL_ACTIONS = ['issue', 'revoke'] as const

/** What is proven of the current version at a target; failed: the last delivery came to nothing. */
export const SSL_TARGET_STATES = ['waiting', 'delivered', 'served', 'failed'] as const

/** How its names are proven; auto: as mPanel sees fit. */
export const SSL_CHALLENGES = ['auto', 'dns-01', 'http-01', 'tls-alpn-01'] as const

/** Why a certificate could not be had: whose turn it is. */
export const SSL_FAILURES = ['blocked', 'validation', 'issuer', 'other'] as const

/** What a look at the server found. */
export const SSL_FINDINGS = [
  'unreachable',
  'not_served',
  'foreign_expiring',
  'chain_incomplete',
  'name_mismatch',
  'expired',
] as const

/** Reasons of RFC 5280 that a person chooses from, with their numbers. */
export const REVOKE_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
} as const
export type RevokeReason = keyof typeof REVOKE_REASONS

type Subject = {
  state: SslState
  action: (typeof SSL_ACTIONS)[number] | null
  source: 'issued' | 'uploaded'
}

const BUSY = t`It is being worked on: wait for the end.`

/** What may be done with a certificate now, and if not, why. */
export const canSsl = {
  deliver: ({ state }: Subject): Verdict =>
    state === 'issued'
      ? allowed
      : refused(t`There is no certificate to deliver yet, or it is no longer in force.`),
  renew: ({ state, action, source }: Subject): Verdict => {
    if (source === 'uploaded') return refused(t`It was uploaded: upload its successor instead.`)
    if (action !== null) return refused(BUSY)
    return state === 'removed' ? refused(t`It was removed.`) : allowed
  },
  revoke: ({ state, action, source }: Subject): Verdict => {
    if (source === 'uploaded') return refused(t`It was uploaded: revoke it at the CA that it is from.`)
    if (action !== null) return refused(BUSY)
    return state === 'issued' ? allowed : refused(t`There is nothing to revoke.`)
  },
  upload: ({ state, action, source }: Subject): Verdict => {
    if (source === 'issued') return refused(t`It is issued here: renew it instead.`)
    if (action !== null) return refused(BUSY)
    return state === 'removed' ? refused(t`It was removed.`) : allowed
  },
  remove: ({ state, action }: Subject): Verdict => {
    if (action !== null) return refused(BUSY)
    return state === 'removed' ? refused(t`It was removed already.`) : allowed
  },
  download: ({ state }: Subject): Verdict =>
    state === 'pending' || state === 'removed' ? refused(t`There is nothing to download yet.`) : allowed,
} as const

/** What may be done with an issuer now, and if not, why. */
export const canSslIssuer = {
  changeKey: ({
    kind,
    hasAccount,
    isChanging,
  }: {
    kind: 'acme' | 'private'
    hasAccount: boolean
    isChanging: boolean
  }): Verdict => {
    if (kind === 'private') return refused(t`The private CA has no account.`)
    if (!hasAccount) return refused(t`There is no account yet: it is made at the first order.`)
    return isChanging ? refused(t`Its key is being changed already.`) : allowed
  },
} as const

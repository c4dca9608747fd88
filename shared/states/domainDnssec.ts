import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'

/**
 * How far the signing of a zone is. The order is what keeps it from ever being bogus: a DS stands at the parent only while every
 * name server serves the keys it names.
 *
 * off → signing → ds_pending → secure → removing_ds → ds_expiring → unsigning → off
 *
 * A DS that comes back leads from ds_expiring to removing_ds; one that is lost or names other keys, from secure to ds_pending.
 */
export const DNSSEC_STATES = [
  'off',
  'signing',
  'ds_pending',
  'secure',
  'removing_ds',
  'ds_expiring',
  'unsigning',
] as const
export type DnssecState = (typeof DNSSEC_STATES)[number]

/** Something is still to happen before it rests. */
export const isDnssecMoving = (state: DnssecState): boolean => state !== 'off' && state !== 'secure'
/** A DS may stand at the parent, or be remembered by resolvers. */
const mayHaveDs = (state: DnssecState): boolean => state !== 'off' && state !== 'unsigning'

type Subject = { state: DnssecState; signs: boolean; going: boolean }
const GOING = t`The zone is being removed.`

/** What may be done about the signing of a zone now, and if not, why. */
export const canDnssec = {
  /** @param signs its server can sign */
  switchOn: ({ state, signs, going }: Subject): Verdict => {
    if (going) return refused(GOING)
    if (!signs)
      return refused(
        t`The zone is kept as a zone file: the program that serves the file would have to sign it. A zone on a PowerDNS can be signed here.`,
      )
    if (state === 'unsigning') return refused(t`The keys are being taken away: wait until that is done.`)
    return state === 'removing_ds' || state === 'ds_expiring' || state === 'off'
      ? allowed
      : refused(t`DNSSEC is switched on already.`)
  },
  switchOff: ({ state, going }: Subject): Verdict => {
    if (going) return refused(GOING)
    if (state === 'off') return refused(t`DNSSEC is not switched on.`)
    return state === 'signing' || state === 'ds_pending' || state === 'secure'
      ? allowed
      : refused(t`It is being switched off already.`)
  },
  /** Take the zone off its server, name other name servers, or set the DS by hand. */
  leave: ({ state }: { state: DnssecState }): Verdict =>
    mayHaveDs(state)
      ? refused(
          t`Switch DNSSEC off first, and wait until it is: without its keys the domain would not be found.`,
        )
      : allowed,
}

/** What the parent and the name servers say of a zone. */
export const DELEGATION_STATES = ['unknown', 'delegated', 'not_delegated', 'elsewhere', 'faulty'] as const
export type DelegationState = (typeof DELEGATION_STATES)[number]

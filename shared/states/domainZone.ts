import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'

/** How far a zone is; see docs/modules/dns.md. */
export const ZONE_STATES = ['pending', 'applied', 'held', 'rejected', 'drift', 'ending', 'ended'] as const
export type ZoneState = (typeof ZONE_STATES)[number]

/** What follows when somebody else changes a zone on its server. */
export const DRIFT_POLICIES = ['alert', 'enforce', 'adopt'] as const
export type DriftPolicy = (typeof DRIFT_POLICIES)[number]

const going = (state: ZoneState): boolean => state === 'ending' || state === 'ended'
const GOING = t`The zone is being removed.`

/** What may be done with a zone now, and if not, why: used by the service to refuse and by the pages to explain. */
export const canZone = {
  begin: ({ verified }: { verified: boolean }): Verdict =>
    verified
      ? allowed
      : refused(t`Prove first that the domain is yours: before that nobody serves a zone of its name.`),
  edit: ({ state }: { state: ZoneState }): Verdict => (going(state) ? refused(GOING) : allowed),
  /** Have it served again. */
  apply: ({ state }: { state: ZoneState }): Verdict => (going(state) ? refused(GOING) : allowed),
  /** Take over what somebody has changed on the server. */
  adopt: ({ state }: { state: ZoneState }): Verdict => {
    if (going(state)) return refused(GOING)
    return state === 'drift' || state === 'held'
      ? allowed
      : refused(t`Nothing differs on the server, as far as it was seen.`)
  },
  end: ({ state }: { state: ZoneState }): Verdict => (going(state) ? refused(GOING) : allowed),
}

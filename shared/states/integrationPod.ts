import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'
import { NOT_ACTIVE, PROTECTED, type PodState } from './cloudPod.ts'

/** What a system that sells a pod is told of it. `suspended` and `terminated` are said once they were proven. */
export const INTEGRATION_POD_STATES = [
  'creating',
  'active',
  'suspending',
  'suspended',
  'unsuspending',
  'terminating',
  'terminated',
  'failed',
] as const
export type IntegrationPodState = (typeof INTEGRATION_POD_STATES)[number]

/** The last suspension by the selling system, if there was one. */
export type SoldSuspension = { ended: boolean; stopped: boolean; restored: boolean }

/** What has become of what was sold, from what was proven of its pod. */
export function integrationPodState(pod: PodState, last: SoldSuspension | null): IntegrationPodState {
  if (pod === 'reserved' || pod === 'creating') return 'creating'
  if (pod === 'failed') return 'failed'
  if (pod === 'deleting') return 'terminating'
  if (pod !== 'active') return 'terminated'
  if (last === null) return 'active'
  if (!last.ended) return last.stopped ? 'suspended' : 'suspending'
  return last.restored ? 'active' : 'unsuspending'
}

const NAMES: Record<string, string> = { whmcs: 'WHMCS' }

/** How a selling system is called. */
export const sourceName = (source: string): string => NAMES[source] ?? source

type Subject = { state: PodState }
const living = ({ state }: Subject): Verdict =>
  state === 'active' || state === 'creating' || state === 'reserved' ? allowed : refused(NOT_ACTIVE[state])

/** What may be asked of a sold pod now, and if not, why. */
export const canIntegrationPod = {
  suspend: living,
  unsuspend: living,

  /** Another size or plan. */
  change: ({ state }: Subject): Verdict =>
    state === 'active'
      ? allowed
      : refused(t`${NOT_ACTIVE[state]} Ask for the change again when it is there.`),

  /** Make another pod for the same key. */
  again: ({ state }: Subject): Verdict => {
    if (state === 'failed' || state === 'deleted') return allowed
    if (state === 'recoverable')
      return refused(
        t`The pod of this service was terminated and is still kept: undelete it in mPanel to have it back, or destroy it there for good to get a new one.`,
      )
    return refused(NOT_ACTIVE[state === 'deleting' ? 'deleting' : 'creating'])
  },

  terminate: ({ protected: isProtected }: { protected: boolean }): Verdict =>
    isProtected ? refused(PROTECTED) : allowed,
} as const

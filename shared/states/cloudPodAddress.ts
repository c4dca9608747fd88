import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'
import { NOT_ACTIVE, type PodState } from './cloudPod.ts'

/** `reserved` and `releasing`: the job that puts it on the guest, or takes it off, has not ended. */
export const POD_ADDRESS_STATES = ['reserved', 'assigned', 'releasing'] as const
type AddressState = (typeof POD_ADDRESS_STATES)[number]

/** More than that is a network, not a list of addresses. */
const MAX_ADDRESSES = 32

type Pod = { state: PodState; action: string | null }

const whenQuiet = ({ state, action }: Pod): Verdict => {
  if (state !== 'active') return refused(NOT_ACTIVE[state])
  return action === null ? allowed : refused(t`Something else is being done to the pod: wait for its end.`)
}

/** What may be done with the addresses of a pod now, and if not, why. */
export const canAddress = {
  add: (pod: Pod, held: number): Verdict =>
    held >= MAX_ADDRESSES ? refused(t`A pod has ${MAX_ADDRESSES} addresses at most.`) : whenQuiet(pod),

  release: (pod: Pod, { state, primary }: { state: AddressState; primary: boolean }): Verdict => {
    if (primary) return refused(t`It is the address that the pod was made with: it goes with the pod.`)
    if (state !== 'assigned') return refused(t`Its job has not ended: wait for its end.`)
    return whenQuiet(pod)
  },

  name: ({ state }: Pod): Verdict =>
    state === 'active' || state === 'creating' || state === 'reserved' ? allowed : refused(NOT_ACTIVE[state]),
} as const

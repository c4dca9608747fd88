import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'

/**
 * A pod's states: what has been proven. `reserved`: capacity, VMID and address are held for an unpaid order.
 * `failed`: it could not be made and nothing of it is left. `recoverable`: it was deleted, and its guest is off, without a
 * network and kept for a while. `deleted`: its absence was proven.
 */
export const POD_STATES = [
  'reserved',
  'creating',
  'active',
  'failed',
  'recoverable',
  'deleting',
  'deleted',
] as const
export type PodState = (typeof POD_STATES)[number]
export const POWER_STATES = ['unknown', 'running', 'stopped'] as const
type PowerState = (typeof POWER_STATES)[number]
export const POD_ACTIONS = [
  'starting',
  'stopping',
  'shutting_down',
  'rebooting',
  'resizing',
  'rolling_back',
  'restoring',
  'migrating',
  'rebuilding',
  'going_back',
  'undeleting',
] as const
type PodAction = (typeof POD_ACTIONS)[number]
export const POWER_ACTIONS = ['start', 'stop', 'shutdown', 'reboot'] as const
export type PowerAction = (typeof POWER_ACTIONS)[number]

type Subject = { state: PodState; powerState: PowerState; subscriptionId: string | null }

export const NOT_ACTIVE: Record<Exclude<PodState, 'active'>, string> = {
  reserved: t`The pod is made when its order is paid.`,
  creating: t`The pod is still being made.`,
  failed: t`The pod could not be made.`,
  recoverable: t`The pod was deleted: undelete it first.`,
  deleting: t`The pod is being deleted.`,
  deleted: t`The pod no longer exists.`,
}

const GONE: ReadonlySet<PodState> = new Set(['recoverable', 'deleting', 'deleted'])

/** Also for who would end its subscription now. */
export const PROTECTED = t`The pod is protected from being destroyed: take its protection off first.`

const BUSY = t`Something else is being done to the pod: wait for its end.`
type Changing = { state: PodState; action: PodAction | null }
/** The second guest of a pod: the new one while a rebuild makes it, the replaced one afterwards. */
type KeptState = 'making' | 'kept' | 'removing'

const whenPower = (pod: Subject, not: PowerState, reason: string): Verdict => {
  if (pod.state !== 'active') return refused(NOT_ACTIVE[pod.state])
  return pod.powerState === not ? refused(reason) : allowed
}

const whenRecoverable = ({ state, action }: Changing): Verdict => {
  if (state === 'deleted') return refused(NOT_ACTIVE.deleted)
  if (state !== 'recoverable') return refused(t`Only a pod that was deleted and is kept can be undeleted.`)
  return action === null ? allowed : refused(t`The pod is being undeleted.`)
}

/** Which action a pod allows now, and if not, why: used by the service to refuse and by the pages to explain. */
export const canPod = {
  start: (pod: Subject): Verdict => whenPower(pod, 'running', t`The pod is already running.`),
  stop: (pod: Subject): Verdict => whenPower(pod, 'stopped', t`The pod is already stopped.`),
  shutdown: (pod: Subject): Verdict => whenPower(pod, 'stopped', t`The pod is already stopped.`),
  reboot: (pod: Subject): Verdict => whenPower(pod, 'stopped', t`A stopped pod is started, not rebooted.`),

  /** What was last read of its power may be old: only a pod that is known to be off is refused. */
  console: (pod: Subject): Verdict => whenPower(pod, 'stopped', t`The pod is stopped: start it first.`),

  /** Its figures: those of one that is off end when it was stopped. */
  measure: ({ state }: Pick<Subject, 'state'>): Verdict =>
    state === 'active' ? allowed : refused(NOT_ACTIVE[state]),

  /** @param byPlatform the caller may manage the infrastructure: a plan does not bind them */
  resize: (
    { state, subscriptionId, action }: Subject & { action: PodAction | null },
    byPlatform: boolean,
  ): Verdict => {
    if (state !== 'active') return refused(NOT_ACTIVE[state])
    if (subscriptionId && !byPlatform)
      return refused(t`The pod belongs to a subscription: its plan says how large it is.`)
    return action === null ? allowed : refused(BUSY)
  },

  migrate: ({ state, action }: { state: PodState; action: PodAction | null }): Verdict => {
    if (state !== 'active') return refused(NOT_ACTIVE[state])
    return action === null ? allowed : refused(BUSY)
  },

  /** @param kept what has become of the guest that an earlier rebuild replaced; null: there is none */
  rebuild: (
    { state, action, protected: isProtected }: Changing & { protected: boolean },
    kept: KeptState | null,
  ): Verdict => {
    if (state !== 'active') return refused(NOT_ACTIVE[state])
    if (isProtected) return refused(PROTECTED)
    if (action !== null) return refused(BUSY)
    return kept === null
      ? allowed
      : refused(
          t`The guest that the last rebuild replaced is still kept: go back to it or let go of it first.`,
        )
  },

  /** Exchange the pod's guest with the kept one. */
  goBack: (
    { state, action, protected: isProtected }: Changing & { protected: boolean },
    kept: KeptState | null,
  ): Verdict => {
    if (kept === null) return refused(t`No former guest of the pod is kept.`)
    if (state !== 'active') return refused(NOT_ACTIVE[state])
    if (isProtected) return refused(PROTECTED)
    if (action !== null) return refused(BUSY)
    return kept === 'kept' ? allowed : refused(t`The kept guest is being destroyed.`)
  },

  /** Destroy the kept guest before its time. The pod's own is not touched. */
  letGo: ({ state, action }: Changing, kept: KeptState | null): Verdict => {
    if (kept === null) return refused(t`No former guest of the pod is kept.`)
    if (state !== 'active') return refused(NOT_ACTIVE[state])
    if (action !== null) return refused(BUSY)
    return kept === 'kept' ? allowed : refused(t`The kept guest is being destroyed already.`)
  },

  update: ({ state }: Pick<Subject, 'state'>): Verdict =>
    GONE.has(state) ? refused(NOT_ACTIVE[state as Exclude<PodState, 'active'>]) : allowed,

  delete: ({ state, subscriptionId, protected: isProtected }: Subject & { protected: boolean }): Verdict => {
    if (state === 'failed' || GONE.has(state))
      return refused(NOT_ACTIVE[state as Exclude<PodState, 'active'>])
    if (isProtected) return refused(PROTECTED)
    if (subscriptionId)
      return refused(t`The pod belongs to a subscription: cancel the subscription to destroy it.`)
    return allowed
  },

  /** Bring a deleted pod back as it was. */
  undelete: (pod: Changing): Verdict => whenRecoverable(pod),

  /** Destroy a deleted pod before its time. */
  purge: (pod: Changing): Verdict => whenRecoverable(pod),
} as const

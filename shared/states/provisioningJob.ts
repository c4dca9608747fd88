import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'

/** A job's states; see docs/ARCHITECTURE.md. `stuck` waits for a person. */
export const JOB_STATES = [
  'scheduled',
  'blocked',
  'ready',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'stuck',
] as const
export type JobState = (typeof JOB_STATES)[number]
type Subject = { state: JobState; phase: 'forward' | 'undo'; kind: string; cancelRequestedAt: string | null }

/** Jobs that put in force what was decided elsewhere: they are ended by deciding otherwise, not by cancelling. */
const NOT_CANCELLED: Record<string, string> = {
  'cloudPod.destroy': t`A pod that is being destroyed cannot be brought back. Pause the queue to stop it for a while.`,
  'cloudPod.keep': t`Undelete the pod once this has ended: that brings it back.`,
  'cloudPod.suspend': t`End the suspension instead: that brings the pods back.`,
  'cloudPod.resume': t`Suspend again instead: that stops the pods.`,
  'domain.register': t`The registry may have done it already: wait for the end. A new domain can be deleted again.`,
  'domain.renew': t`The registry may have done it already: wait for the end.`,
  'domain.transferIn': t`Take the transfer back instead, once the registry has it.`,
  'domain.update': t`The registry may have done it already: change it again after the end.`,
  'domain.restore': t`The registry may have done it already: wait for the end.`,
  'domain.delete': t`The registry may have done it already: restore the domain after the end.`,
  'payment.collect': t`It may have been paid already. Wait for the end: then a link can be taken back, and a payment refunded.`,
  'payment.refund': t`The money may be on its way back already: wait for the end.`,
  'payment.withdraw': t`The provider may have taken it back already: wait for the end.`,
  'payment.converge': t`It only takes over what the provider says: wait for the end.`,
  'domain.zoneApply': t`Change the zone back instead: that is brought to the server as well.`,
  'domain.zoneRemove': t`Begin the zone anew once this has ended.`,
  'tenant.enforce': t`End the suspension instead.`,
  'tenant.close': t`Withdraw the closing instead, as long as it can be.`,
}
export const isCancellable = (kind: string): boolean => NOT_CANCELLED[kind] === undefined

const OVER = t`The job is over.`
const WAITING = new Set<JobState>(['scheduled', 'blocked', 'ready'])
const isOver = (state: JobState): boolean => !WAITING.has(state) && state !== 'running' && state !== 'stuck'

/** What an operator may do to a job now, and if not, why: used by the service to refuse and by the pages to explain. */
export const canJob = {
  /** Go on from the step at which it stopped, without waiting any longer. */
  retry: ({ state }: Subject): Verdict => {
    if (state === 'stuck' || state === 'scheduled') return allowed
    return refused(isOver(state) ? OVER : t`It is not waiting for a retry.`)
  },
  /** Undo what was done. */
  cancel: ({ state, phase, kind, cancelRequestedAt }: Subject): Verdict => {
    if (isOver(state)) return refused(OVER)
    const reason = NOT_CANCELLED[kind]
    if (reason !== undefined) return refused(reason)
    if (cancelRequestedAt !== null) return refused(t`It is being cancelled already.`)
    return phase === 'undo' ? refused(t`It is being undone already.`) : allowed
  },
  /** Take a person's word for the step at which it stopped: that it was done by hand, or is not needed. */
  settle: ({ state }: Subject): Verdict =>
    state === 'stuck' ? allowed : refused(t`Only the step of a job that is stuck is settled by hand.`),
  /** See what it would do, without doing it. */
  plan: ({ state, kind }: Subject): Verdict => {
    if (!kind.startsWith('cloudPod.'))
      return refused(t`Only what changes a CloudPod on its cluster is planned.`)
    if (WAITING.has(state) || state === 'stuck') return allowed
    return refused(isOver(state) ? OVER : t`It is running: its steps show what it does.`)
  },
  setPriority: ({ state }: Subject): Verdict =>
    WAITING.has(state) ? allowed : refused(isOver(state) ? OVER : t`It has been started.`),
}

export type JobAction = keyof typeof canJob

export const QUEUES = ['cloud_pod', 'domain', 'ssl', 'billing', 'system'] as const
export type QueueName = (typeof QUEUES)[number]

/** What operators can stop: everything, a queue, a hypervisor, a kind of job. */
export const PAUSABLE = ['all', 'queue', 'node', 'kind'] as const
export type PauseOf = (typeof PAUSABLE)[number]

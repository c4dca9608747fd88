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
  'cloudPod.destroy':
    'A pod that is being destroyed cannot be brought back. Pause the queue to stop it for a while.',
  'cloudPod.keep': 'Undelete the pod once this has ended: that brings it back.',
  'cloudPod.suspend': 'End the suspension instead: that brings the pods back.',
  'cloudPod.resume': 'Suspend again instead: that stops the pods.',
  'domain.register':
    'The registry may have done it already: wait for the end. A new domain can be deleted again.',
  'domain.renew': 'The registry may have done it already: wait for the end.',
  'domain.transferIn': 'Take the transfer back instead, once the registry has it.',
  'domain.update': 'The registry may have done it already: change it again after the end.',
  'domain.restore': 'The registry may have done it already: wait for the end.',
  'domain.delete': 'The registry may have done it already: restore the domain after the end.',
  'payment.collect':
    'It may have been paid already. Wait for the end: then a link can be taken back, and a payment refunded.',
  'payment.refund': 'The money may be on its way back already: wait for the end.',
  'payment.withdraw': 'The provider may have taken it back already: wait for the end.',
  'payment.converge': 'It only takes over what the provider says: wait for the end.',
  'domain.zoneApply': 'Change the zone back instead: that is brought to the server as well.',
  'domain.zoneRemove': 'Begin the zone anew once this has ended.',
  'tenant.enforce': 'End the suspension instead.',
  'tenant.close': 'Withdraw the closing instead, as long as it can be.',
}
export const isCancellable = (kind: string): boolean => NOT_CANCELLED[kind] === undefined

const OVER = 'The job is over.'
const WAITING = new Set<JobState>(['scheduled', 'blocked', 'ready'])
const isOver = (state: JobState): boolean => !WAITING.has(state) && state !== 'running' && state !== 'stuck'

/** What an operator may do to a job now, and if not, why: used by the service to refuse and by the pages to explain. */
export const canJob = {
  /** Go on from the step at which it stopped, without waiting any longer. */
  retry: ({ state }: Subject): Verdict => {
    if (state === 'stuck' || state === 'scheduled') return allowed
    return refused(isOver(state) ? OVER : 'It is not waiting for a retry.')
  },
  /** Undo what was done. */
  cancel: ({ state, phase, kind, cancelRequestedAt }: Subject): Verdict => {
    if (isOver(state)) return refused(OVER)
    const reason = NOT_CANCELLED[kind]
    if (reason !== undefined) return refused(reason)
    if (cancelRequestedAt !== null) return refused('It is being cancelled already.')
    return phase === 'undo' ? refused('It is being undone already.') : allowed
  },
  /** Take a person's word for the step at which it stopped: that it was done by hand, or is not needed. */
  settle: ({ state }: Subject): Verdict =>
    state === 'stuck' ? allowed : refused('Only the step of a job that is stuck is settled by hand.'),
  /** See what it would do, without doing it. */
  plan: ({ state, kind }: Subject): Verdict => {
    if (!kind.startsWith('cloudPod.'))
      return refused('Only what changes a CloudPod on its cluster is planned.')
    if (WAITING.has(state) || state === 'stuck') return allowed
    return refused(isOver(state) ? OVER : 'It is running: its steps show what it does.')
  },
  setPriority: ({ state }: Subject): Verdict =>
    WAITING.has(state) ? allowed : refused(isOver(state) ? OVER : 'It has been started.'),
}

export type JobAction = keyof typeof canJob

export const QUEUES = ['cloud_pod', 'domain', 'ssl', 'billing', 'system'] as const
export type QueueName = (typeof QUEUES)[number]

/** What operators can stop: everything, a queue, a hypervisor, a kind of job. */
export const PAUSABLE = ['all', 'queue', 'node', 'kind'] as const
export type PauseOf = (typeof PAUSABLE)[number]

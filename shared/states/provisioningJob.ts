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
/** Whether an operator may let a job go on from where it stopped, and if not, why. */
export const canRetryJob = ({ state }: { state: JobState }): Verdict =>
  state === 'stuck' ? allowed : refused('Only a job that is stuck waits for a person.')

export const QUEUES = ['cloud_pod', 'domain', 'ssl', 'billing', 'system'] as const
export type QueueName = (typeof QUEUES)[number]

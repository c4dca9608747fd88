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
export const QUEUES = ['cloud_pod', 'domain', 'ssl', 'billing', 'system'] as const
export type QueueName = (typeof QUEUES)[number]

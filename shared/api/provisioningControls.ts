import { z } from 'zod'
import { PAUSABLE, QUEUES } from '../states/provisioningJob.ts'
import { id, timestamp } from './common.ts'

const pause = z.object({
  what: z.enum(PAUSABLE),
  /** The queue, the node's id or the kind; `*` for everything. */
  which: z.string(),
  /** The node's name, else the same as `which`. */
  label: z.string(),
  reason: z.string(),
  by: z.string(),
  at: timestamp,
})

const counts = {
  running: z.number().int(),
  stuck: z.number().int(),
  /** Ended in the last hour. */
  succeeded: z.number().int(),
  failed: z.number().int(),
}

export const queueOverview = z.object({
  /** Everything is stopped: no job is started, and those that ran were put back. */
  stopped: z.boolean(),
  pauses: z.array(pause),
  queues: z.array(
    z.object({
      queue: z.enum(QUEUES),
      scheduled: z.number().int(),
      blocked: z.number().int(),
      ready: z.number().int(),
      ...counts,
      /** Since when the oldest job has waited that could run. */
      oldestReady: timestamp.nullable(),
    }),
  ),
  kinds: z.array(z.object({ kind: z.string(), waiting: z.number().int(), ...counts })),
  /** How many jobs may run at once: `node:<id>`, `clones:<cluster>`, `backups:<cluster>`, `storage:<cluster>/<storage>`; `…:*` is for all others. */
  limits: z.array(
    z.object({
      name: z.string(),
      label: z.string(),
      capacity: z.number().int(),
      running: z.number().int(),
    }),
  ),
})
export type QueueOverview = z.infer<typeof queueOverview>

const target = {
  what: z.enum(PAUSABLE),
  which: z.string().min(1).max(100),
}
export const pauseRequest = z.strictObject({ ...target, reason: z.string().trim().min(3).max(500) })
export type PauseRequest = z.infer<typeof pauseRequest>
export const resumeRequest = z.strictObject(target)

const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
export const limitRequest = z.strictObject({
  name: z
    .string()
    .max(150)
    .regex(
      new RegExp(`^((node|clones|backups):(\\*|${UUID})|storage:(\\*|${UUID}/[A-Za-z][\\w.-]{0,99}))$`),
      'such as node:*, clones:<id of a cluster>, storage:<id of a cluster>/local-zfs',
    )
    .meta({ examples: ['node:*'] }),
  /** Null takes the limit of its own away again. */
  capacity: z.number().int().min(0).max(10_000).nullable(),
})

export const worker = z.object({
  name: z.string(),
  host: z.string(),
  pid: z.number().int(),
  version: z.string(),
  state: z.enum(['running', 'draining', 'silent']),
  concurrency: z.number().int(),
  startedAt: timestamp,
  seenAt: timestamp,
  jobs: z.array(z.object({ id, kind: z.string(), label: z.string(), since: timestamp.nullable() })),
})
export type Worker = z.infer<typeof worker>

export const timer = z.object({
  name: z.string(),
  everySeconds: z.number().nullable(),
  nextRunAt: timestamp,
  lastStartedAt: timestamp.nullable(),
  lastFinishedAt: timestamp.nullable(),
  /** When it last ended without an error. */
  lastSuccessAt: timestamp.nullable(),
  lastError: z.string().nullable(),
  state: z.enum(['ok', 'failing', 'overdue', 'running', 'stopped']),
})
export type Timer = z.infer<typeof timer>

/** An automatic action that would touch unusually many things, and what was decided about it. */
export const brake = z.object({
  id,
  action: z.string(),
  wanted: z.number().int(),
  allowed: z.number().int(),
  state: z.enum(['waiting', 'confirmed', 'dismissed']),
  openedAt: timestamp,
  decidedAt: timestamp.nullable(),
  decidedBy: z.string().nullable(),
  reason: z.string().nullable(),
})
export type Brake = z.infer<typeof brake>

export const brakeDecision = z.strictObject({
  decision: z.enum(['confirmed', 'dismissed']),
  /** As many as the person has seen: refused when it has become more. */
  wanted: z.number().int().min(0),
  reason: z.string().trim().min(3).max(500),
})

export const alert = z.object({
  id,
  code: z.string(),
  /** The queue, timer or action it is about. */
  ref: z.string(),
  message: z.string(),
  openedAt: timestamp,
})
export type Alert = z.infer<typeof alert>

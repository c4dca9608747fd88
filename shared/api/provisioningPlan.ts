import { z } from 'zod'
import { id, money } from './common.ts'

const count = z.number().int()

/**
 * What a job would do now. `outcome`: `succeeds`; `waits`: it would wait or try again, as `message` says; `fails`: it
 * would undo what it began (the calls of that are among those of its steps); `stuck`: it would wait for a person; `open`: it goes on from
 * there in a way that only doing it shows.
 */
export const jobPlan = z.object({
  jobId: id,
  outcome: z.enum(['succeeds', 'waits', 'fails', 'stuck', 'open']),
  message: z.string().nullable(),
  steps: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      /** `done` before; `now`: this plan reaches it; `later`: it does not get there. */
      reached: z.enum(['done', 'now', 'later']),
      /** What would be asked of the cluster, in this order. Reads are not listed. */
      calls: z.array(
        z.object({
          method: z.enum(['POST', 'PUT', 'DELETE']),
          /** Below `/api2/json`. */
          path: z.string(),
          /** Without passwords, and without digests. */
          params: z.record(z.string(), z.string()),
        }),
      ),
    }),
  ),
  /** Rows of the database, the job's own and those of the audit log left out. */
  changes: z.array(z.object({ table: z.string(), inserted: count, updated: count, deleted: count })),
  /** What the audit log would say. */
  events: z.array(
    z.object({
      action: z.string(),
      outcome: z.string(),
      target: z.string().nullable(),
      diff: z.record(z.string(), z.tuple([z.unknown(), z.unknown()]).meta({ items: {} })).nullable(),
    }),
  ),
  costs: z.object({
    /** What of the tenant's quota is taken, below 0 given back. Null for a job of no tenant. */
    quota: z
      .object({
        pods: count,
        cores: count,
        memoryMb: count,
        diskGb: count,
        addresses: count,
        snapshots: count,
        backups: count,
      })
      .nullable(),
    /** What would be invoiced and credited for the pod, by currency. */
    money: z.array(z.object({ invoiced: money, credited: money })),
  }),
})
export type JobPlan = z.infer<typeof jobPlan>

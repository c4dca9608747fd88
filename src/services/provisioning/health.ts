import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Ctx, Root } from '../../context.ts'
import { schemaState } from '../../db/migrate.ts'
import * as jobs from '../../db/provisioningJobs.ts'

const registry = new Registry()
collectDefaultMetrics({ register: registry })

const queueJobs = new Gauge({
  name: 'mpanel_jobs',
  help: 'Unfinished jobs by queue and state',
  labelNames: ['queue', 'state'],
  registers: [registry],
})
const queueOldest = new Gauge({
  name: 'mpanel_jobs_oldest_seconds',
  help: 'Age of the oldest unfinished job by queue and state',
  labelNames: ['queue', 'state'],
  registers: [registry],
})
const requests = new Histogram({
  name: 'mpanel_http_request_seconds',
  help: 'Time to answer by route and status',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  registers: [registry],
})

/** @param route the pattern of the table, never the address with its ids */
export const observeRequest = (method: string, route: string, status: number, seconds: number): void =>
  requests.observe({ method, route, status: String(status) }, seconds)

/** All metrics of this process and the present figures of the queue, in Prometheus' text format. */
export async function metrics(ctx: Ctx): Promise<string> {
  queueJobs.reset()
  queueOldest.reset()
  for (const row of await jobs.depth(ctx.tx)) {
    queueJobs.set({ queue: row.queue, state: row.state }, row.jobs)
    queueOldest.set({ queue: row.queue, state: row.state }, row.oldest)
  }
  return registry.metrics()
}

/** `ok`, or why this process should get no requests. */
export async function readiness(root: Root): Promise<string> {
  try {
    const schema = await schemaState(root.db.pool)
    return schema === 'current' ? 'ok' : `the database schema is ${schema}`
  } catch {
    return 'the database cannot be reached'
  }
}

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Ctx } from '../../context.ts'
import * as automation from '../../db/provisioningAutomation.ts'
import * as controls from '../../db/provisioningControls.ts'
import * as jobs from '../../db/provisioningJobs.ts'
import { listTimers, listWorkers } from './fleet.ts'

const registry = new Registry()
collectDefaultMetrics({ register: registry })

const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> =>
  new Gauge({ name, help, labelNames, registers: [registry] })

const queueJobs = gauge('mpanel_jobs', 'Unfinished jobs by queue and state', ['queue', 'state'])
const queueOldest = gauge(
  'mpanel_jobs_oldest_seconds',
  'Age of the oldest unfinished job by queue and state',
  ['queue', 'state'],
)
const kindEnded = gauge('mpanel_jobs_ended', 'Jobs that ended within the last hour by kind and state', [
  'kind',
  'state',
])
const limitRunning = gauge(
  'mpanel_job_limit_running',
  'Jobs that are running by the limit they take part in',
  ['limit'],
)
const limitCapacity = gauge('mpanel_job_limit_capacity', 'How many jobs may run at once by limit', ['limit'])
const pauses = gauge('mpanel_paused', 'What operators have paused; 1 for each', ['what', 'which'])
const workers = gauge('mpanel_workers', 'Workers by state', ['state'])
const timerAge = gauge('mpanel_timer_success_age_seconds', 'Time since a timer last ended without an error', [
  'timer',
])
const alerts = gauge('mpanel_alerts', 'Open alerts by code', ['code'])
const requests = new Histogram({
  name: 'mpanel_http_request_seconds',
  help: 'Time to answer by route and status',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  registers: [registry],
})
const refusals = new Counter({
  name: 'mpanel_http_refusals_total',
  help: 'Requests that were refused for who sent them, from where or how often, by code',
  labelNames: ['code'],
  registers: [registry],
})
const READ = [
  queueJobs,
  queueOldest,
  kindEnded,
  limitRunning,
  limitCapacity,
  pauses,
  workers,
  timerAge,
  alerts,
]
const HOUR_MS = 3_600_000
const WORKER_STATES = ['running', 'draining', 'silent'] as const

/** @param route the pattern of the table, never the address with its ids */
export const observeRequest = (method: string, route: string, status: number, seconds: number): void =>
  requests.observe({ method, route, status: String(status) }, seconds)

export const observeRefusal = (code: string): void => refusals.inc({ code })

/** All metrics of this process and the present figures of the automation, in Prometheus' text format. */
export async function metrics(ctx: Ctx): Promise<string> {
  for (const one of READ) one.reset()
  for (const { queue, state, jobs: count, oldest } of await jobs.depth(ctx.tx)) {
    queueJobs.set({ queue, state }, count)
    queueOldest.set({ queue, state }, oldest)
  }
  for (const row of await controls.kindFigures(ctx.tx, new Date(ctx.now().getTime() - HOUR_MS)))
    for (const state of ['succeeded', 'failed'] as const) kindEnded.set({ kind: row.kind, state }, row[state])
  for (const { name, capacity, running } of await controls.limits(ctx.tx)) {
    limitRunning.set({ limit: name }, running)
    limitCapacity.set({ limit: name }, capacity)
  }
  for (const { what, which } of await controls.pauses(ctx.tx)) pauses.set({ what, which }, 1)
  const fleet = await listWorkers(ctx)
  for (const state of WORKER_STATES)
    workers.set({ state }, fleet.filter((worker) => worker.state === state).length)
  for (const { name, lastSuccessAt } of await listTimers(ctx))
    if (lastSuccessAt !== null)
      timerAge.set({ timer: name }, (ctx.now().getTime() - Date.parse(lastSuccessAt)) / 1_000)
  for (const { code } of await automation.openAlerts(ctx.tx)) alerts.inc({ code })
  return registry.metrics()
}

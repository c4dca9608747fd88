import { hostname } from 'node:os'
import { systemOrigin, transaction, type Root } from './context.ts'
import * as queue from './db/queue.ts'
import type { JobRow } from './db/queue.ts'
import type { Tx } from './db/index.ts'
import { listen } from './db/listen.ts'
import * as workers from './db/provisioningWorkers.ts'
import { CancelRequested, LeaseLost, Stopped } from './jobs/errors.ts'
import { handlers, timers } from './jobs/index.ts'
import { firstSteps, type EngineOptions, type JobHandler } from './jobs/steps.ts'
import { runDueTimers, type Timer } from './jobs/timers.ts'
import { QUEUES } from '../shared/states/provisioningJob.ts'
import { newId } from './lib/ids.ts'
import { startLoop } from './lib/loop.ts'
import { VERSION } from './version.ts'
import { reapLost, runClaimed } from './workerRuns.ts'
import { deliverDue } from './services/auditSinkService.ts'
import { webhookSender } from './services/auditWebhookService.ts'
import * as provisioningService from './services/provisioningService.ts'

export type WorkerOptions = Partial<EngineOptions> & {
  concurrency?: number
  pollMs?: number
  leaseMs?: number
  heartbeatMs?: number
  /** How long a stopping worker lets running jobs reach their end before it hands them back. */
  drainMs?: number
  /** How often is looked for audit events to deliver. */
  deliverMs?: number
  /** Other handlers than the product's, for measurements of the engine alone. */
  handlers?: ReadonlyMap<string, JobHandler<never>>
  timers?: readonly Timer[]
}

export type Worker = { name: string; stop: () => Promise<void> }

const DEFAULTS = {
  concurrency: 16,
  pollMs: 500,
  deliverMs: 1_000,
  leaseMs: 15_000,
  heartbeatMs: 5_000,
  drainMs: 3_000,
  minWaitMs: 2_000,
  retryBaseMs: 1_000,
  pollTaskMs: 250,
  handlers,
  timers,
}
type Running = { job: JobRow; abort: AbortController; done: Promise<void> }

/** One run of a job: a worker may take up a job again that it has lost before. */
const keyOf = (run: { id: string; fence: bigint }): string => `${run.id}/${run.fence}`

const STOPPING = 'the worker is stopping'

const within = (work: () => Promise<unknown>, ms: number): Promise<unknown> =>
  Promise.race([work(), new Promise((resolve) => setTimeout(resolve, ms).unref())])

/** Starts claiming and running jobs. Any number of workers may run, in any processes. */
export async function startWorker(
  root: Root,
  databaseUrl: string,
  given: WorkerOptions = {},
): Promise<Worker> {
  const options = { ...DEFAULTS, ...given, slots: { claim, start } }
  const first = firstSteps(options.handlers)
  const name = `${hostname()}-${process.pid}-${newId().slice(-6)}`
  const running = new Map<string, Running>()
  const self = {
    name,
    host: hostname(),
    pid: process.pid,
    version: VERSION,
    concurrency: options.concurrency,
  }
  let [stopping, over] = [false, false]

  const platform = <T>(work: Parameters<typeof root.db.transaction<T>>[1]) =>
    root.db.transaction('platform', work)

  async function claimSome(): Promise<number> {
    const free = options.concurrency - running.size
    if (free <= 0 || stopping) return 0
    const jobs = await platform((tx) => claim(tx, free))
    start(jobs)
    if (jobs.length > 0) root.wake()
    return jobs.length
  }

  async function claim(tx: Tx, free: number): Promise<JobRow[]> {
    return stopping ? [] : queue.claim(tx, name, QUEUES, free, options.leaseMs, first)
  }

  function start(jobs: readonly JobRow[]): void {
    for (const job of jobs) {
      const abort = new AbortController()
      if (over) abort.abort(new Error(STOPPING))
      const done = runClaimed(root, job, abort.signal, options).finally(() => {
        running.delete(keyOf(job))
        claiming.wake()
      })
      running.set(keyOf(job), { job, abort, done })
    }
  }

  /** Jobs that end may have claimed others. */
  async function allEnded(): Promise<void> {
    while (running.size > 0) await Promise.all([...running.values()].map((entry) => entry.done))
  }

  async function heartbeat(): Promise<void> {
    // Only what ran before the question can be missing in the answer because its lease was lost.
    const asked = [...running.values()]
    const ids = asked.map((entry) => entry.job.id)
    const ours = await platform(async (tx) => {
      await workers.report(tx, { ...self, draining: stopping })
      return ids.length === 0 ? [] : queue.heartbeat(tx, name, ids, options.leaseMs)
    })
    const held = new Map(ours.map((one) => [keyOf(one), one]))
    for (const { job, abort } of asked) {
      const lease = held.get(keyOf(job))
      if (!lease) abort.abort(new LeaseLost())
      else if (lease.cancel && job.phase === 'forward' && job.cancel_requested_at === null)
        abort.abort(new CancelRequested())
    }
  }

  async function upkeep(): Promise<void> {
    const stopped = await transaction(
      root,
      systemOrigin('worker', name),
      'platform',
      provisioningService.isStopped,
    )
    if (stopped) for (const { abort } of running.values()) abort.abort(new Stopped())
    const moved = await platform((tx) => queue.promoteDue(tx, 200))
    const reaped = await reapLost(root, name)
    for (const job of reaped) root.log.warn({ jobId: job.id, state: job.state }, 'a job lost its worker')
    if (moved + reaped.length > 0) root.wake()
    if (stopping) return
    await runDueTimers(root, stopped ? options.timers.filter(({ harmless }) => harmless) : options.timers)
  }

  await provisioningService.guardRestored(root)
  const report = (error: unknown): void =>
    root.log.error({ err: error }, 'the worker could not reach the database')
  const claiming = startLoop(claimSome, options.pollMs, report)
  const beating = startLoop(heartbeat, options.heartbeatMs, report)
  const keeping = startLoop(upkeep, options.pollMs, report)
  // On its own: receivers may be slow, and nothing else waits for them.
  const delivering = startLoop(async () => deliverDue(root), options.deliverMs, report)
  const webhooks = webhookSender(root, () => sending.wake())
  const sending = startLoop(() => webhooks.tick(), options.deliverMs, report)
  const stopListening = await listen(databaseUrl, queue.NOTIFY_CHANNEL, claiming.wake, root.log)

  return {
    name,
    async stop() {
      stopping = true
      beating.wake()
      await Promise.all([stopListening(), claiming.stop(), keeping.stop()])
      await within(allEnded, options.drainMs)
      over = true
      for (const { abort } of running.values()) abort.abort(new Error(STOPPING))
      await platform((tx) => queue.handBack(tx, name))
      await within(allEnded, 1_000)
      // What the end of a job has claimed meanwhile.
      await platform((tx) => queue.handBack(tx, name))
      // A delivery that is cut off is made again by the next worker.
      await within(
        () => Promise.all([delivering.stop(), sending.stop().then(() => webhooks.settled())]),
        options.drainMs,
      )
      await beating.stop()
      await platform((tx) => workers.remove(tx, name))
      root.wake()
    },
  }
}

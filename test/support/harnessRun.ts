import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { QUEUES } from '../../shared/states/provisioningJob.ts'
import type { Ctx, Root } from '../../src/context.ts'
import * as queue from '../../src/db/queue.ts'
import type { JobRow, StepRow } from '../../src/db/queue.ts'
import { handlers } from '../../src/jobs/index.ts'
import { runJob, type JobHandler, type Run, type Step } from '../../src/jobs/steps.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from './app.ts'

/** A job in the world it works on. */
export type JobCase = {
  /** The job's kind, and what is special about this case. */
  name: string
  handler: AnyHandler
  /** What a permanent error ends in. */
  permanent: 'failed' | 'stuck'
  /** Its steps also meet the failures that the engine takes to be the same as others. */
  everyFailure?: true
  /** Makes a new subject and enqueues its job. */
  arrange(app: TestApp): Promise<Arranged>
}

export type Arranged = {
  jobId: string
  /** Everything the job is about, inside and outside, without names: equal for equal outcomes. */
  world(): Promise<unknown>
  /** What is held in the database and exists outside. Throws when anything is left that nobody owns. */
  holdings(): Promise<unknown>
  /** What `holdings` must be after a permanent error. */
  afterPermanent: unknown
}

export type AnyHandler = JobHandler<never>

/** The engine's pace in the harness; due times are moved by hand. */
const PACE = { minWaitMs: 1, retryBaseMs: 1, pollTaskMs: 5 }
const RESTING = new Set(['succeeded', 'failed', 'cancelled', 'stuck'])

/** Thrown by a plan to end the worker's life. */
export class Killed extends Error {}

export type Plan = {
  before?(step: string): void
  after?(step: string): void
  /** Dies right after this boundary: a committed transaction or an answered write to an outside system. */
  killAt?: number
  /** Boundaries count from when this is true. */
  counts?(): boolean
}

/** One worker's life with a job: which parts of which steps ran, and what it reached. */
export type Life = { trace: string[]; boundaries: string[]; killed: boolean }

/** Calls that change nothing: dying after one is the same as dying before it. */
const READS = new Set(
  'version nodes nodeCpu storages containerTemplates guests vmidFree locate config status pending metrics snapshots firewall firewallRules clusterFirewall backups haState task taskLog tasksSince version rights markField prefix entries fullRanges marked at health findCustomers findPayments payment methods method page findPages refunds zone zoneHead heads directory order authorization certificate unfinishedOrders renewalInfo'.split(
    ' ',
  ),
)

const platform = <T>(app: TestApp, work: Parameters<typeof app.root.db.transaction<T>>[1]): Promise<T> =>
  app.root.db.transaction('platform', work)

export const jobRow = (app: TestApp, id: string): Promise<JobRow> =>
  platform(app, (tx) =>
    tx.selectFrom('provisioning_jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  )

export const stepRows = (app: TestApp, job: JobRow): Promise<StepRow[]> =>
  platform(app, (tx) => queue.steps(tx, job.queue, job.id))

/** Takes the job; jobs of others that are ready are done on the way. */
async function take(app: TestApp, jobId: string): Promise<JobRow> {
  const worker = `harness-${newId()}`
  const claimed = await platform(app, (tx) => queue.claim(tx, worker, QUEUES, 500, 60_000))
  for (const other of claimed.filter((job) => job.id !== jobId)) {
    const handler = handlers.get(other.kind)
    if (handler) await runJob(app.root, handler, other, new AbortController().signal, PACE)
  }
  const mine = claimed.find((job) => job.id === jobId)
  if (!mine) throw new Error(`job ${jobId} is ${(await jobRow(app, jobId)).state}: it cannot be claimed`)
  return mine
}

/** What time does to a job: a pause passes, a dead worker's lease runs out. */
async function bringBack(app: TestApp, jobId: string): Promise<void> {
  await platform(app, async (tx) => {
    await sql`update provisioning_jobs_live set run_at = clock_timestamp() where id = ${jobId} and state = 'scheduled'`.execute(
      tx,
    )
    await sql`update provisioning_jobs_live set lease_until = clock_timestamp() - interval '1 s'
      where id = ${jobId} and state = 'running'`.execute(tx)
  })
  await platform(app, (tx) => queue.promoteDue(tx, 1_000))
  await platform(app, (tx) => queue.reap(tx, 1_000))
}

/** Runs the job as one worker until that worker rests, or dies as planned. */
export async function live(app: TestApp, jobId: string, handler: AnyHandler, plan: Plan = {}): Promise<Life> {
  const life: Life = { trace: [], boundaries: [], killed: false }
  const abort = new AbortController()
  const die = (): never => {
    life.killed = true
    abort.abort(new Killed())
    throw new Killed()
  }
  const alive = (): void => {
    if (life.killed) throw new Killed()
  }
  const boundary = (what: string): void => {
    alive()
    if (plan.counts?.() === false) return
    life.boundaries.push(what)
    if (life.boundaries.length === plan.killAt) die()
  }
  const job = await take(app, jobId)
  try {
    const own = traced(handler, life, {
      before: (step) => plan.before?.(step),
      after: (step) => {
        try {
          plan.after?.(step)
        } catch (error) {
          if (error instanceof Killed) die()
          throw error
        }
      },
    })
    await runJob(watched(app.root, boundary, alive), own, job, abort.signal, PACE)
  } catch (error) {
    if (!life.killed) throw error
  }
  return life
}

/** The handler with every part of every step written down and open to injected failures. */
function traced(handler: AnyHandler, life: Life, plan: Required<Pick<Plan, 'before' | 'after'>>): AnyHandler {
  const wrap = <A extends unknown[], R>(step: string, part: string, work: (...args: A) => Promise<R>) => {
    const breakable = part === 'run' || part === 'commit'
    return async (...args: A): Promise<R> => {
      life.trace.push(`${step}.${part}`)
      if (breakable) plan.before(step)
      const result = await work(...args)
      if (breakable) plan.after(step)
      return result
    }
  }
  const parts = (step: Step<never>): Step<never> => {
    const undoing = async (run: Run<never>): Promise<void> => step.undo?.(run)
    const undo = step.undo === undefined ? {} : { undo: wrap(step.name, 'undo', undoing) }
    if ('commit' in step) {
      const commit = (ctx: Ctx, run: Run<never>) => step.commit(ctx, run)
      return { ...step, ...undo, commit: wrap(step.name, 'commit', commit) }
    }
    const run = wrap(step.name, 'run', (own: Run<never>) => step.run(own))
    if (!('probe' in step)) return { ...step, ...undo, run }
    return { ...step, ...undo, run, probe: wrap(step.name, 'probe', (own: Run<never>) => step.probe(own)) }
  }
  return { ...handler, steps: handler.steps.map(parts) }
}

/** The root of a worker that can die at its boundaries and does nothing any more once it is dead. */
function watched(root: Root, boundary: (what: string) => void, alive: () => void): Root {
  const client = <T extends object>(real: T): T =>
    new Proxy(real, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return async (...args: unknown[]) => {
          alive()
          const answer: unknown = await Reflect.apply(member, target, args)
          if (!READS.has(String(name))) boundary(String(name))
          return answer
        }
      },
    })
  const { mail } = root.vendors
  const receivers: Pick<Root['vendors'], 'webhook' | 'syslog'> = {
    webhook: (...args) => root.vendors.webhook(...args),
    syslog: (...args) => root.vendors.syslog(...args),
  }
  return {
    ...root,
    vendors: {
      ...root.vendors,
      proxmox: (connection) => client(root.vendors.proxmox(connection)),
      netbox: (connection) => client(root.vendors.netbox(connection)),
      billing: (connection) => client(root.vendors.billing(connection)),
      acme: (connection) => client(root.vendors.acme(connection)),
      dnsServer: (connection) => client(root.vendors.dnsServer(connection)),
      mail: mail && client(mail),
      ...client(receivers),
    },
    db: {
      ...root.db,
      transaction: async (scope, work) => {
        alive()
        return root.db.transaction(scope, work)
      },
    },
    wake: () => boundary('commit'),
  }
}

/** Lets worker after worker take the job until it rests. */
export async function toRest(
  app: TestApp,
  jobId: string,
  handler: AnyHandler,
  plan: Plan = {},
): Promise<{ job: JobRow; lives: Life[] }> {
  const lives: Life[] = []
  for (;;) {
    const job = await jobRow(app, jobId)
    if (RESTING.has(job.state)) return { job, lives }
    if (lives.length > 200) throw new Error(`the job does not come to rest: ${job.state}, ${job.waiting_for}`)
    if (lives.length > 0) await sleep(5)
    await bringBack(app, jobId)
    lives.push(await live(app, jobId, handler, plan))
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect } from 'vitest'
import { QUEUES } from '../../shared/states/provisioningJob.ts'
import type { Root } from '../../src/context.ts'
import * as queue from '../../src/db/queue.ts'
import type { JobRow, StepRow } from '../../src/db/queue.ts'
import { JobError, permanent, type FailureKind } from '../../src/jobs/errors.ts'
import { handlers } from '../../src/jobs/index.ts'
import { runJob, type JobHandler, type Step } from '../../src/jobs/steps.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from './app.ts'

/**
 * What every job must survive. A case brings a world to the moment in which its job waits to be run; the harness then
 * runs that job as a worker would, breaks it everywhere, and compares what is left. The app has no worker of its own.
 */
export type JobCase = {
  /** The job's kind, and what is special about this case. */
  name: string
  handler: AnyHandler
  /** What a permanent error ends in. */
  permanent: 'failed' | 'stuck'
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

class Killed extends Error {}

type Plan = {
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
  'version nodes storages containerTemplates guests vmidFree locate config status task taskLog tasksSince'.split(
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
    await sql`update provisioning_jobs set run_at = clock_timestamp() where id = ${jobId} and state = 'scheduled'`.execute(
      tx,
    )
    await sql`update provisioning_jobs set lease_until = clock_timestamp() - interval '1 s'
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
    const undo = step.undo === undefined ? {} : { undo: wrap(step.name, 'undo', step.undo) }
    if ('commit' in step) return { ...step, ...undo, commit: wrap(step.name, 'commit', step.commit) }
    const run = wrap(step.name, 'run', step.run)
    return 'probe' in step
      ? { ...step, ...undo, run, probe: wrap(step.name, 'probe', step.probe) }
      : { ...step, ...undo, run }
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
  const vendors = Object.entries(root.vendors).map(([name, make]) => [
    name,
    (connection: Parameters<typeof make>[0]) => client(make(connection)),
  ])
  return {
    ...root,
    vendors: Object.fromEntries(vendors) as Root['vendors'],
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

/** The world after the job went well: what every broken and resumed run must end in. */
export async function baseline(app: TestApp, jobCase: JobCase): Promise<{ world: unknown }> {
  const arranged = await jobCase.arrange(app)
  const { job } = await toRest(app, arranged.jobId, jobCase.handler)
  expect(job, `${jobCase.name} does not succeed undisturbed`).toMatchObject({
    state: 'succeeded',
    error: null,
  })
  await arranged.holdings()
  return { world: await arranged.world() }
}

const once = (act: () => void): (() => void) => {
  let done = false
  return () => {
    if (done) return
    done = true
    act()
  }
}
const fail = (error: Error) => (): void => {
  throw error
}
/** Strikes at one place of one step. */
const strike = (step: string, when: 'before' | 'after', act: () => void): Plan => ({
  [when]: (name: string) => {
    if (name === step) act()
  },
})

/** (a) Fails each step for good, before and after its work: everything is undone, or kept for a person. */
export async function everyFailureIsUndone(
  app: TestApp,
  jobCase: JobCase,
  handler = jobCase.handler,
): Promise<void> {
  for (const { name: step } of jobCase.handler.steps)
    for (const when of ['before', 'after'] as const) {
      const at = `${step} failed ${when} its work`
      const arranged = await jobCase.arrange(app)
      const plan = strike(step, when, fail(permanent('injected', `${step} was made to fail`)))
      const { job } = await toRest(app, arranged.jobId, handler, plan)
      expect(job, at).toMatchObject({ state: jobCase.permanent, error: { code: 'injected', step } })
      const victim = (await stepRows(app, job)).find((row) => row.name === step)
      expect(victim?.state, at).toBe(jobCase.permanent === 'stuck' ? 'failed' : 'undone')
      expect(await arranged.holdings(), `${at} and left something behind`).toEqual(arranged.afterPermanent)
    }
}

/** The failures that pass, by what they claim about a step: only a harmless step may be told "not done" after it was. */
function passing(step: Step<never>): [FailureKind | 'crash', 'before' | 'after'][] {
  const both: ReturnType<typeof passing> = [
    ['retry', 'before'],
    ['wait', 'before'],
    ['unknown', 'after'],
    ['crash', 'after'],
  ]
  return 'probe' in step ? both : [...both, ['retry', 'after']]
}

/** (b) Fails each step once in every way that passes: the job resumes at that step and ends as if nothing had been. */
export async function everyStepRecovers(
  app: TestApp,
  jobCase: JobCase,
  handler = jobCase.handler,
): Promise<void> {
  const { world } = await baseline(app, jobCase)
  for (const step of jobCase.handler.steps)
    for (const [kind, when] of passing(step)) {
      const at = `${step.name} failed ${when} its work with "${kind}"`
      const arranged = await jobCase.arrange(app)
      const error =
        kind === 'crash' ? new Error('injected crash') : new JobError(kind, 'injected', 'injected failure')
      const first = await live(app, arranged.jobId, handler, strike(step.name, when, fail(error)))
      const broken = await jobRow(app, arranged.jobId)
      const victim = (await stepRows(app, broken)).find((row) => row.name === step.name)
      expect({ state: broken.state, error: victim?.error }, at).toEqual({
        state: 'scheduled',
        error: expect.stringContaining('injected') as string,
      })
      const { job, lives } = await toRest(app, arranged.jobId, handler)
      expect(job.state, at).toBe('succeeded')
      expectNotRepeated(handler, step.name, first, lives, at)
      expect(await arranged.world(), at).toEqual(world)
      await arranged.holdings()
    }
}

/** Steps before the one that broke were finished: nobody runs them again. */
function expectNotRepeated(
  handler: AnyHandler,
  broken: string,
  first: Life,
  later: Life[],
  at: string,
): void {
  const finished = handler.steps.slice(
    0,
    handler.steps.findIndex((step) => step.name === broken),
  )
  const again = later
    .flatMap((life) => life.trace)
    .filter((part) => finished.some((step) => part.startsWith(`${step.name}.`)))
  expect(again, `${at}: finished steps ran again`).toEqual([])
  expect(first.trace.length, at).toBeGreaterThan(finished.length)
}

/** (c) Dies after each step's work and before it is written down: the step runs twice, its effect happens once. */
export async function everyStepMayRunTwice(
  app: TestApp,
  jobCase: JobCase,
  handler = jobCase.handler,
): Promise<void> {
  const { world } = await baseline(app, jobCase)
  for (const { name: step } of jobCase.handler.steps) {
    const at = `the worker died between the work of ${step} and its record`
    const arranged = await jobCase.arrange(app)
    const first = await live(app, arranged.jobId, handler, strike(step, 'after', once(fail(new Killed()))))
    expect(first.killed, at).toBe(true)
    const { job, lives } = await toRest(app, arranged.jobId, handler)
    expect(job.state, at).toBe('succeeded')
    expect(
      lives.flatMap((life) => life.trace).filter((part) => part.startsWith(`${step}.`)),
      at,
    ).not.toEqual([])
    expect(await arranged.world(), at).toEqual(world)
    await arranged.holdings()
  }
}

/**
 * (d) Dies after every commit and after every write to an outside system, while what it started is still going on:
 * the next worker ends what was begun.
 * @returns how often it died
 */
export async function everyDeathIsSurvived(
  app: TestApp,
  jobCase: JobCase,
  handler = jobCase.handler,
): Promise<number> {
  const { world } = await baseline(app, jobCase)
  for (let killAt = 1; ; killAt += 1) {
    const arranged = await jobCase.arrange(app)
    const first = await live(app, arranged.jobId, handler, { killAt })
    const at = `the worker died after boundary ${killAt} (${first.boundaries.slice(-3).join(', ')}; in ${first.trace.at(-1)})`
    const finished = (await stepRows(app, await jobRow(app, arranged.jobId))).filter(
      (row) => row.state === 'done',
    )
    const { job, lives } = await toRest(app, arranged.jobId, handler)
    expect({ state: job.state, error: job.error }, at).toMatchObject({ state: 'succeeded' })
    const again = lives
      .flatMap((life) => life.trace)
      .filter((part) => finished.some((row) => part.startsWith(`${row.name}.`)))
    expect(again, `${at}: finished steps ran again`).toEqual([])
    expect(await arranged.world(), at).toEqual(world)
    await arranged.holdings()
    if (!first.killed) return killAt - 1
  }
}

/** (e) Like (d), from the moment in which the last step fails for good: what one worker began to undo, the next ends. */
export async function everyDeathWhileUndoingIsSurvived(app: TestApp, jobCase: JobCase): Promise<number> {
  const { handler } = jobCase
  const step = handler.steps.at(-1)?.name ?? ''
  for (let killAt = 1; ; killAt += 1) {
    const arranged = await jobCase.arrange(app)
    let struck = false
    const plan = strike(step, 'before', () => {
      struck = true
      throw permanent('injected', `${step} was made to fail`)
    })
    const first = await live(app, arranged.jobId, handler, { ...plan, killAt, counts: () => struck })
    const at = `the worker died at boundary ${killAt} of undoing (in ${first.trace.at(-1)})`
    expect(struck, at).toBe(true)
    const { job } = await toRest(app, arranged.jobId, handler, plan)
    expect(job, at).toMatchObject({ state: 'failed', error: { code: 'injected', step } })
    expect(await arranged.holdings(), `${at} and left something behind`).toEqual(arranged.afterPermanent)
    if (!first.killed) return killAt - 1
  }
}

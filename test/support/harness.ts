import { randomInt } from 'node:crypto'
import { expect } from 'vitest'
import { JobError, permanent, type FailureKind } from '../../src/jobs/errors.ts'
import type { Step } from '../../src/jobs/steps.ts'
import type { TestApp } from './app.ts'
import {
  jobRow,
  Killed,
  live,
  stepRows,
  toRest,
  type AnyHandler,
  type JobCase,
  type Life,
  type Plan,
} from './harnessRun.ts'
import { ALL, some } from './some.ts'

/*
 * What every job must survive. A case brings a world to the moment in which its job waits to be run; each check runs
 * that job as workers would, breaks it everywhere, and compares what is left. A new job needs a case in
 * harnessCases.ts.
 */

/**
 * `npm run harness` takes every place to break at. The everyday run takes each sixth death and each second failure,
 * of the changes of pods each second job, beginning with one of the first by chance, so that a few runs take them all; what fails names its place.
 */
export const ALL_DEATHS = { first: 1, step: 1 }
const DEATHS = ALL ? ALL_DEATHS : { first: 1 + randomInt(6), step: 6 }
/** Each step of a job adds places, and each place is a run of all its steps: a long job takes each twelfth death. */
const LONG = 5
const deathsOf = ({ handler }: JobCase): typeof DEATHS =>
  ALL || handler.steps.length <= LONG ? DEATHS : { first: 1 + randomInt(12), step: 12 }
type Take = <T>(places: readonly T[]) => T[]
export const allPlaces: Take = (places) => [...places]

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
  take = some,
): Promise<void> {
  const places = (['before', 'after'] as const).flatMap((when) =>
    jobCase.handler.steps.map(({ name }) => ({ step: name, when })),
  )
  for (const { step, when } of take(places)) {
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

/**
 * The failures that pass, by what they claim about a step. To a step, waiting is a retry and a crash is an unknown: that the
 * engine takes them so is tried with the cases that ask for all of them. Only a harmless step may be told "not done" after
 * it was.
 */
function passing(step: Step<never>, all: boolean): [FailureKind | 'crash', 'before' | 'after'][] {
  const both: ReturnType<typeof passing> = [
    ['retry', 'before'],
    ['unknown', 'after'],
  ]
  if (!all) return both
  const more: ReturnType<typeof passing> = [...both, ['wait', 'before'], ['crash', 'after']]
  return 'probe' in step ? more : [...more, ['retry', 'after']]
}

/** (b) Fails each step once in every way that passes: the job resumes at that step and ends as if nothing had been. */
export async function everyStepRecovers(
  app: TestApp,
  jobCase: JobCase,
  handler = jobCase.handler,
  take = some,
): Promise<void> {
  const { world } = await baseline(app, jobCase)
  const places = jobCase.handler.steps.flatMap((step) =>
    passing(step, jobCase.everyFailure === true).map(([kind, when]) => ({ step, kind, when })),
  )
  for (const { step, kind, when } of take(places)) {
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
  take = some,
): Promise<void> {
  const { world } = await baseline(app, jobCase)
  for (const { name: step } of take([...jobCase.handler.steps])) {
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
 * @returns behind how many boundaries it could die
 */
export async function everyDeathIsSurvived(
  app: TestApp,
  jobCase: JobCase,
  handler = jobCase.handler,
  deaths = deathsOf(jobCase),
): Promise<number> {
  const { world } = await baseline(app, jobCase)
  for (let killAt = deaths.first; ; killAt += deaths.step) {
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
  const deaths = deathsOf(jobCase)
  for (let killAt = deaths.first; ; killAt += deaths.step) {
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

import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { JobRow, StepRow } from '../../src/db/queue.ts'
import * as queue from '../../src/db/queue.ts'
import { firstSteps, runJob, type JobHandler } from '../../src/jobs/steps.ts'
import { newId } from '../../src/lib/ids.ts'
import { until } from '../support/app.ts'
import { define, defineOne, handlerOf, startEngine, step, type Engine } from '../support/engine.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.close())
afterEach(() => engine.stopWorkers())

/** Claims the one job that is ready, as a worker does, and looks at it before it is run. */
async function claimed(kind: string): Promise<{ job: JobRow; steps: StepRow[] }> {
  const handlers = new Map([[kind, handlerOf(kind) as unknown as JobHandler<never>]])
  return engine.root.db.transaction('platform', async (tx) => {
    const [job] = await queue.claim(tx, 'mortal', ['system'], 1, 60_000, firstSteps(handlers))
    if (!job) throw new Error('nothing is ready')
    return { job, steps: await queue.steps(tx, job.queue, job.id) }
  })
}
const run = (job: JobRow): Promise<void> =>
  runJob(engine.root, handlerOf(job.kind), job, new AbortController().signal, {
    minWaitMs: 1,
    retryBaseMs: 1,
    pollTaskMs: 1,
  })

describe('with its claim a job', () => {
  it('begins its first step, once, when nothing is left to be decided', async () => {
    const kind = defineOne(async () => undefined)
    const id = await engine.add({ kind })
    const { job, steps } = await claimed(kind)
    expect(steps).toMatchObject([{ name: 'work', state: 'running', attempts: 1, position: 0 }])
    expect(job.doing).toBe('work')
    await run(job)
    expect(await engine.steps(id)).toMatchObject([{ name: 'work', state: 'done', attempts: 1 }])
    expect((await engine.job(id)).state).toBe('succeeded')
  })

  it('begins nothing when the permission of whoever asked is still to be looked at', async () => {
    const kind = defineOne(async () => undefined)
    const id = await engine.add({ kind })
    await engine.as(({ tx }) =>
      sql`update provisioning_jobs_live set actor = ${JSON.stringify({ type: 'user', id: newId(), label: 'gone', permission: 'cloudpods:write' })}::jsonb
        where id = ${id}`.execute(tx),
    )
    const { job, steps } = await claimed(kind)
    expect(steps).toEqual([])
    await run(job)
    expect((await engine.job(id)).error).toMatchObject({ code: 'forbidden' })
    expect(await engine.steps(id)).toEqual([])
  })

  it('begins nothing that is a transaction of its own, and nothing when it was cancelled', async () => {
    const kind = define([{ name: 'only', title: 'only', commit: async () => undefined }])
    await engine.add({ kind })
    const first = await claimed(kind)
    expect(first.steps).toEqual([])
    await run(first.job)
    const other = define([step('work', async () => undefined)])
    const id = await engine.add({ kind: other })
    await engine.as(({ tx }) =>
      sql`update provisioning_jobs_live set cancel_requested_at = now() where id = ${id}`.execute(tx),
    )
    const second = await claimed(other)
    expect(second.steps).toEqual([])
    await run(second.job)
    expect((await engine.job(id)).state).toBe('cancelled')
  })
})

it('a worker with one slot runs one job at a time, although the end of one claims the next', async () => {
  const seen = { now: 0, most: 0, ended: 0 }
  const kind = defineOne(async () => {
    seen.most = Math.max(seen.most, ++seen.now)
    await new Promise((resolve) => setImmediate(resolve))
    seen.now--
    seen.ended++
  })
  for (let i = 0; i < 30; i++) await engine.add({ kind })
  await engine.startWorker({ concurrency: 1 })
  await until(async () => seen.ended === 30, 'all to end')
  expect(seen).toEqual({ now: 0, most: 1, ended: 30 })
})

it('what the last end claims while its worker stops runs elsewhere, once', async () => {
  const ran: string[] = []
  const kind = defineOne(async ({ job }) => void ran.push(job.id))
  const ids: string[] = []
  for (let i = 0; i < 60; i++) ids.push(await engine.add({ kind }))
  const first = await engine.startWorker({ concurrency: 4 })
  await until(async () => ran.length > 3, 'some to run')
  await first.stop()
  const left = await engine.as(({ tx }) =>
    sql<{ id: string }>`select id from provisioning_jobs_live where lease_owner = ${first.name}`.execute(tx),
  )
  expect(left.rows).toEqual([])
  await engine.startWorker()
  for (const id of ids) await engine.state(id, 'succeeded')
  expect(ran.toSorted()).toEqual(ids.toSorted())
})

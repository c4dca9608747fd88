import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Tx } from '../../src/db/index.ts'
import * as queue from '../../src/db/queue.ts'
import type { JobRow } from '../../src/db/queue.ts'
import { LeaseLost } from '../../src/jobs/errors.ts'
import { runJob, type Run } from '../../src/jobs/steps.ts'
import { sleep as pause } from '../../src/lib/backoff.ts'
import { newId } from '../../src/lib/ids.ts'
import { enqueue } from '../../src/services/provisioningQueues.ts'
import { until } from '../support/app.ts'
import { defineOne, handlerOf, requestOf, startEngine, type Engine } from '../support/engine.ts'

const PACE = { minWaitMs: 1, retryBaseMs: 1, pollTaskMs: 1 }

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.close())
/** Each test claims by hand: no job of another may be ready. */
afterEach(async () => {
  await engine.stopWorkers()
  await platform((tx) =>
    sql`update provisioning_jobs_live set state = 'cancelled', finished_at = clock_timestamp(), seq = coalesce(seq, 0),
        lease_owner = null, lease_until = null
      where finished_at is null`.execute(tx),
  )
})

const platform = <T>(work: Parameters<typeof engine.root.db.transaction<T>>[1]) =>
  engine.root.db.transaction('platform', work)

/** Claims the one job that is ready, as a worker that may die any moment. */
async function claim(worker = 'mortal'): Promise<JobRow> {
  const [job] = await platform((tx) => queue.claim(tx, worker, ['system'], 1, 60_000))
  if (!job) throw new Error('nothing is ready')
  return job
}

const runOut = (tx: Tx, id: string) =>
  sql`update provisioning_jobs_live set lease_until = clock_timestamp() - interval '1 s' where id = ${id}`.execute(
    tx,
  )

/** In one transaction: no heart-beat comes in between. */
const isReaped = (id: string, most = 100) =>
  platform(async (tx) => {
    await runOut(tx, id)
    await queue.reap(tx, most)
  })

/** The job's lease runs out and another worker takes it. */
async function takenOver(id: string): Promise<JobRow> {
  await isReaped(id)
  return claim('heir')
}

const run = (job: JobRow): Promise<void> =>
  runJob(engine.root, handlerOf(job.kind), job, new AbortController().signal, PACE)

describe('a worker whose lease was taken', () => {
  type Write = (run: Run<Record<string, unknown>>) => Promise<unknown>
  const writes: [string, Write][] = [
    ['the end of its step', async () => undefined],
    ['what a step saves', (r) => r.save({ found: 'too late' })],
    ['progress', (r) => r.progress(50, 'too late')],
    ['a line of its log', (r) => r.log('too late')],
    [
      'the mark of a service',
      (r) =>
        r.tx(({ tx }) => sql`insert into timers (name, next_run_at) values (${r.job.id}, now())`.execute(tx)),
    ],
  ]
  it.each(writes)('cannot write %s', async (_what, write) => {
    const kind = defineOne(async (r) => {
      await takenOver(r.job.id)
      await write(r)
      return 'too late'
    })
    const id = await engine.add({ kind })
    const old = await claim()
    await expect(run(old)).rejects.toThrow(LeaseLost)
    const after = await engine.job(id)
    expect(after).toMatchObject({
      state: 'running',
      lease_owner: 'heir',
      fence: old.fence + 1n,
      progress: null,
    })
    expect(await engine.steps(id)).toMatchObject([{ state: 'running', output: null, saved: null }])
    const { rows } = await engine.as(({ tx }) =>
      sql`select line from provisioning_job_logs where job_id = ${id} union all select name from timers where name = ${id}`.execute(
        tx,
      ),
    )
    expect(rows).toEqual([])
    await run(after).catch(() => undefined)
  })

  it('cannot end the job, put it back, or begin to undo it', async () => {
    const kind = defineOne(async () => undefined)
    const id = await engine.add({ kind })
    const old = await claim()
    const heir = await takenOver(id)
    const lease = { queue: old.queue, id, fence: old.fence }
    expect(await platform((tx) => queue.finish(tx, lease, 'succeeded', null))).toBe(false)
    const back = { delayMs: 0, waitingFor: null, countAttempt: true }
    expect(await platform((tx) => queue.putBack(tx, lease, back))).toBe(false)
    expect(await platform((tx) => queue.holdLease(tx, lease))).toBe(false)
    expect(await engine.job(id)).toMatchObject({ state: 'running', attempts: 0, lease_owner: 'heir' })
    await run(heir)
    expect((await engine.job(id)).state).toBe('succeeded')
  })

  it('cannot lose it in the middle of a commit: what commits was still its own', async () => {
    const kind = defineOne(async () => undefined)
    // The lease cannot be touched while the commit holds the row: the reaper passes by.
    const id = await engine.add({ kind })
    const job = await claim()
    const lease = { queue: job.queue, id, fence: job.fence }
    await platform((tx) => runOut(tx, id))
    await platform(async (tx) => {
      expect(await queue.holdLease(tx, lease)).toBe(true)
      const reaped = await platform((other) => queue.reap(other, 100))
      expect(reaped.filter((row) => row.id === id)).toEqual([])
    })
    expect(await platform((tx) => queue.finish(tx, lease, 'succeeded', null))).toBe(true)
  })
})

describe('heart-beats', () => {
  it('keep a job that takes longer than its lease with its worker', async () => {
    let starts = 0
    const kind = defineOne(async () => {
      starts += 1
      await sleep(2_000)
    })
    await engine.startWorker({ leaseMs: 600, heartbeatMs: 100 })
    await engine.startWorker({ leaseMs: 600, heartbeatMs: 100 })
    const job = await engine.state(await engine.add({ kind }), 'succeeded')
    expect(job).toMatchObject({ lost_leases: 0, attempts: 0 })
    expect(starts).toBe(1)
  })

  it('take nothing from jobs that are claimed in the same moment', async () => {
    let starts = 0
    const kind = defineOne(async () => {
      starts += 1
      await sleep(5)
    })
    await engine.startWorker({ heartbeatMs: 1, pollMs: 5, concurrency: 8 })
    await engine.as(async (ctx) => {
      for (let n = 0; n < 100; n += 1) await enqueue(ctx, requestOf({ kind }))
    })
    const open = async (): Promise<number> => {
      const { rows } = await engine.as(({ tx }) =>
        sql<{
          n: number
        }>`select count(*)::int as n from provisioning_jobs where kind = ${kind} and state <> 'succeeded'`.execute(
          tx,
        ),
      )
      return rows[0]?.n ?? 0
    }
    await until(async () => (await open()) === 0, 'all jobs to be finished')
    expect(starts).toBe(100)
  })

  it('stop the old run of a job that the same worker has taken up again', async () => {
    const begun: bigint[] = []
    let stopped = false
    const kind = defineOne(async (r) => {
      begun.push(r.job.fence)
      if (begun.length > 1) return sleep(400)
      return pause(8_000, r.signal).catch((error: unknown) => {
        stopped = true
        throw error
      })
    })
    await engine.startWorker({ heartbeatMs: 50, leaseMs: 60_000 })
    const id = await engine.add({ kind })
    await until(async () => begun.length === 1, 'the job to begin')
    await isReaped(id)
    engine.root.wake()
    expect((await engine.state(id, 'succeeded')).lost_leases).toBe(1)
    expect({ runs: begun.length, stopped }).toEqual({ runs: 2, stopped: true })
  })

  it('do not keep a claim alive whose answer the worker never got', async () => {
    let starts = 0
    const kind = defineOne(async () => {
      starts += 1
    })
    const busy = defineOne(() => until(async () => starts > 0, 'the other job to run'))
    const worker = await engine.startWorker({ concurrency: 1, heartbeatMs: 50 })
    await engine.state(await engine.add({ kind: busy }), 'running')
    const id = await engine.add({ kind })
    await platform((tx) => queue.claim(tx, worker.name, ['system'], 1, 300))
    await engine.startWorker()
    expect((await engine.state(id, 'succeeded')).lost_leases).toBe(1)
    expect(starts).toBe(1)
  })
})

describe('a database that is away for a while', () => {
  it('costs a job nothing but time, also when it could not even be put back', async () => {
    let runs = 0
    const kind = defineOne(async () => {
      runs += 1
      if (runs === 1) goAway()
      await sleep(50)
    })
    const { db } = engine.root as { db: { transaction: unknown } }
    const { transaction } = db
    const goAway = (): void => {
      db.transaction = () => Promise.reject(new Error('the database is away'))
      setTimeout(() => (db.transaction = transaction), 400)
    }
    await engine.startWorker({ leaseMs: 900, heartbeatMs: 50 })
    const id = await engine.add({ kind })
    await until(async () => runs === 1, 'the job to begin')
    await sleep(600)
    // Another job keeps the worker's heart beating: that must not keep the lost one from being found.
    await engine.add({ kind: defineOne(() => sleep(2_500)) })
    expect(await engine.state(id, 'succeeded')).toMatchObject({ lost_leases: 1 })
    expect(runs).toBe(2)
  })
})

describe('a dead worker', () => {
  it('loses its job to another one as soon as the lease has run out', async () => {
    const kind = defineOne(async () => undefined)
    const id = await engine.add({ kind })
    await platform((tx) => queue.claim(tx, 'dead', ['system'], 1, 400))
    await engine.startWorker()
    expect(await engine.state(id, 'succeeded')).toMatchObject({ lost_leases: 1, attempts: 0 })
  })

  it('is followed by a few others at most: the fifth makes the job stuck, and its resource waits', async () => {
    const kind = defineOne(async () => undefined)
    const serialKey = newId()
    const id = await engine.add({ kind, serialKey })
    const next = await engine.add({ kind, serialKey })
    for (let lost = 1; lost <= 5; lost += 1) {
      await claim(`dead-${lost}`)
      await isReaped(id, 5)
      expect((await engine.job(id)).state).toBe(lost < 5 ? 'ready' : 'stuck')
    }
    const stuck = await engine.job(id)
    expect(stuck.error).toMatchObject({
      code: 'worker_lost',
      message: expect.stringContaining('5 workers') as string,
    })
    expect((await engine.job(next)).state).toBe('blocked')
  })
})

describe('a worker that is stopped', () => {
  it('hands its jobs to others at once, without counting anything against them', async () => {
    const begun: string[] = []
    const kind = defineOne(async (r) => {
      begun.push(r.job.lease_owner ?? '')
      if (begun.length === 1) await pause(60_000, r.signal)
    })
    const first = await engine.startWorker({ leaseMs: 600_000, drainMs: 50 })
    const id = await engine.add({ kind })
    await until(async () => begun.length === 1, 'the job to begin')
    const second = await engine.startWorker()
    await first.stop()
    const job = await engine.state(id, 'succeeded')
    expect(begun).toEqual([first.name, second.name])
    expect(job).toMatchObject({ attempts: 0, lost_leases: 0, error: null })
  })

  it('lets short jobs end first', async () => {
    let done = false
    const kind = defineOne(async () => {
      await sleep(300)
      done = true
    })
    const worker = await engine.startWorker({ drainMs: 5_000 })
    const id = await engine.add({ kind })
    await engine.state(id, 'running')
    await worker.stop()
    expect({ done, state: (await engine.job(id)).state }).toEqual({ done: true, state: 'succeeded' })
  })

  it('claims nothing more', async () => {
    const kind = defineOne(async () => undefined)
    const worker = await engine.startWorker()
    await worker.stop()
    const id = await engine.add({ kind })
    await sleep(300)
    expect((await engine.job(id)).state).toBe('ready')
  })
})

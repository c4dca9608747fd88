import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemOrigin, transaction } from '../../src/context.ts'
import { JobError, waitFor } from '../../src/jobs/errors.ts'
import { newId } from '../../src/lib/ids.ts'
import { enqueue } from '../../src/services/provisioningQueues.ts'
import { until } from '../support/app.ts'
import { defineOne, requestOf, startEngine, type Engine } from '../support/engine.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.close())
afterEach(() => engine.stopWorkers())

/** A kind whose jobs write down when they begin and end, under the name in their payload. */
function recorded(takesMs: () => number): { kind: string; events: [string, 'begin' | 'end'][] } {
  const events: [string, 'begin' | 'end'][] = []
  const kind = defineOne(async (run) => {
    const name = String(run.payload.name)
    events.push([name, 'begin'])
    await sleep(takesMs())
    events.push([name, 'end'])
  })
  return { kind, events }
}

const count = async (where: string, value: string): Promise<number> => {
  const { rows } = await engine.as(async ({ tx }) =>
    sql<{
      n: number
    }>`select count(*)::int as n from provisioning_jobs where ${sql.ref(where)} = ${value}`.execute(tx),
  )
  return rows[0]?.n ?? 0
}

describe('jobs of one key', () => {
  it('run in the order of their enqueueing and never at once: three workers, 200 jobs, 20 keys', async () => {
    const { kind, events } = recorded(() => Math.random() * 6)
    const keys = Array.from({ length: 20 }, (_, n) => `order-${n}-${newId()}`)
    await Promise.all([1, 2, 3].map(() => engine.startWorker({ concurrency: 8 })))
    for (let n = 0; n < 10; n += 1) {
      await Promise.all(
        keys.map((serialKey, k) => engine.add({ kind, serialKey, payload: { name: `${k}/${n}` } })),
      )
    }
    await until(async () => events.length === 400, 'all jobs to be done', 4 * 60_000)
    for (const [k] of keys.entries()) {
      const own = events.filter(([name]) => name.startsWith(`${k}/`))
      const expected = Array.from({ length: 10 }, (_, n) => [
        [`${k}/${n}`, 'begin'],
        [`${k}/${n}`, 'end'],
      ]).flat()
      expect(own).toEqual(expected)
    }
    await until(async () => (await countOpen(kind)) === 0, 'all jobs to be finished')
  }, 300_000)

  const countOpen = async (kind: string): Promise<number> => {
    const { rows } = await engine.as(async ({ tx }) =>
      sql<{
        n: number
      }>`select count(*)::int as n from provisioning_jobs where kind = ${kind} and state <> 'succeeded'`.execute(
        tx,
      ),
    )
    return rows[0]?.n ?? 0
  }

  it('keep their order when they are enqueued in one transaction', async () => {
    const { kind, events } = recorded(() => 1)
    const names = Array.from({ length: 30 }, (_, n) => `t${n}`)
    const serialKey = newId()
    await engine.as(async (ctx) => {
      for (const name of names) await enqueue(ctx, requestOf({ kind, serialKey, payload: { name } }))
    })
    await engine.startWorker()
    await engine.startWorker()
    await until(async () => events.length === 60, 'all jobs to be done')
    expect(events.filter(([, what]) => what === 'begin').map(([name]) => name)).toEqual(names)
  })

  it.each([
    ['retries', () => new JobError('retry', 'again', 'not yet')],
    ['waits', () => waitFor('busy', 'somebody else is busy')],
  ])('wait for one that %s: it holds its place', async (_what, error) => {
    const seen: string[] = []
    const kind = defineOne(async (run) => {
      const name = String(run.payload.name)
      seen.push(name)
      if (name === 'first' && seen.length < 4) throw error()
    })
    const serialKey = newId()
    await engine.startWorker()
    for (const name of ['first', 'second', 'third']) await engine.add({ kind, serialKey, payload: { name } })
    await until(async () => seen.includes('third'), 'the last job to run')
    expect(seen).toEqual(['first', 'first', 'first', 'first', 'second', 'third'])
  })

  it('wait for one that is stuck, until a person has decided', async () => {
    const kind = defineOne(
      async (run) => {
        if (run.payload.name === 'first') throw new JobError('permanent', 'broken', 'broken')
      },
      { onPermanent: 'stuck' },
    )
    const serialKey = newId()
    await engine.startWorker()
    const first = await engine.add({ kind, serialKey, payload: { name: 'first' } })
    const second = await engine.add({ kind, serialKey, payload: { name: 'second' } })
    await engine.state(first, 'stuck')
    await sleep(300)
    expect((await engine.job(second)).state).toBe('blocked')
  })

  it('let a delayed job take its place when it is due, not when it was enqueued', async () => {
    const { kind, events } = recorded(() => 500)
    const serialKey = newId()
    await engine.startWorker()
    const add = (name: string, runAt?: Date) => engine.add({ kind, serialKey, payload: { name }, runAt })
    const delayed = await add('delayed', new Date(Date.now() + 250))
    await add('running')
    await add('waiting')
    await until(async () => (await engine.job(delayed)).state === 'blocked', 'the delayed job to be due')
    await add('later')
    await until(async () => events.length === 8, 'all jobs to be done')
    expect(events.filter(([, what]) => what === 'begin').map(([name]) => name)).toEqual([
      'running',
      'waiting',
      'delayed',
      'later',
    ])
  })

  it('do not wait for a delayed job that is not due yet', async () => {
    const { kind, events } = recorded(() => 1)
    const serialKey = newId()
    await engine.startWorker()
    await engine.add({ kind, serialKey, payload: { name: 'far' }, runAt: new Date(Date.now() + 3_600_000) })
    await engine.add({ kind, serialKey, payload: { name: 'now' } })
    await until(async () => events.length === 2, 'the other job to be done')
    expect(events[0]?.[0]).toBe('now')
  })
})

describe('enqueueing', () => {
  it('in a transaction that is rolled back leaves neither row nor job', async () => {
    const { kind } = recorded(() => 1)
    const slug = `t-${newId().slice(-12)}`
    await expect(
      engine.as(async (ctx) => {
        await sql`insert into tenants (id, name, slug, created_at, updated_at)
          values (${newId()}, 'x', ${slug}, now(), now())`.execute(ctx.tx)
        await enqueue(ctx, requestOf({ kind }))
        throw new Error('changed my mind')
      }),
    ).rejects.toThrow('changed my mind')
    expect(await count('kind', kind)).toBe(0)
    const { rows } = await engine.as(({ tx }) => sql`select from tenants where slug = ${slug}`.execute(tx))
    expect(rows).toEqual([])
  })

  it('is not seen by workers before the commit', async () => {
    const { kind, events } = recorded(() => 1)
    await engine.startWorker()
    await engine.as(async (ctx) => {
      await enqueue(ctx, requestOf({ kind, payload: { name: 'x' } }))
      ctx.wake()
      await sleep(300)
      expect(events).toEqual([])
    })
    await until(async () => events.length === 2, 'the job to be done')
  })

  it.each([
    ['with a key of their resource', { serialKey: newId() }],
    ['without one', {}],
    ['for later', { runAt: new Date(Date.now() + 3_600_000) }],
  ])('ten in parallel with one idempotency key, %s, are the same job', async (_what, more) => {
    const { kind } = recorded(() => 1)
    const idempotencyKey = newId()
    for (let round = 0; round < 5; round += 1) {
      const key = `${idempotencyKey}-${round}`
      const ids = await Promise.all(
        Array.from({ length: 10 }, () => engine.add({ kind, idempotencyKey: key, ...more })),
      )
      expect(new Set(ids).size).toBe(1)
      expect(await count('idempotency_key', key)).toBe(1)
    }
  })

  it('finds a job that has ended long ago by its key, and does not run it again', async () => {
    const { kind, events } = recorded(() => 1)
    await engine.startWorker()
    const first = await engine.add({ kind, idempotencyKey: newId(), payload: { name: 'once' } })
    const { idempotency_key } = await engine.state(first, 'succeeded')
    expect(await engine.add({ kind, idempotencyKey: idempotency_key })).toBe(first)
    await sleep(200)
    expect(events).toHaveLength(2)
  })
})

describe('a worker', () => {
  it('never runs more jobs at once than it may', async () => {
    let now = 0
    let most = 0
    let done = 0
    const kind = defineOne(async () => {
      now += 1
      most = Math.max(most, now)
      await sleep(10)
      now -= 1
      done += 1
    })
    await engine.as(async (ctx) => {
      for (let n = 0; n < 100; n += 1) await enqueue(ctx, requestOf({ kind }))
    })
    await engine.startWorker({ concurrency: 4 })
    await until(async () => done === 100, 'all jobs to be done')
    expect(most).toBe(4)
  })

  it('takes urgent jobs first', async () => {
    const { kind, events } = recorded(() => 1)
    for (const [name, priority] of [
      ['ordinary', 100],
      ['urgent', 10],
      ['idle', 200],
    ] as const)
      await engine.add({ kind, priority, payload: { name } })
    await engine.startWorker({ concurrency: 1 })
    await until(async () => events.length === 6, 'all jobs to be done')
    expect(events.filter(([, what]) => what === 'begin').map(([name]) => name)).toEqual([
      'urgent',
      'ordinary',
      'idle',
    ])
  })

  it('finds jobs by looking when no notification reaches it', async () => {
    const { kind, events } = recorded(() => 1)
    await engine.startWorker({ pollMs: 200 })
    const silent = { ...engine.root, wake: () => undefined }
    await transaction(silent, systemOrigin('test', newId()), 'platform', (ctx) =>
      enqueue(ctx, requestOf({ kind, payload: { name: 'silent' } })),
    )
    await until(async () => events.length === 2, 'the job to be found', 5_000)
  })

  it('goes on when its listening connection is cut', async () => {
    const { kind, events } = recorded(() => 1)
    await engine.startWorker()
    await cutListeners()
    await engine.add({ kind, payload: { name: 'after' } })
    await until(async () => events.length === 2, 'the job to be done', 5_000)
  })

  it('shows how far a job is while it runs', async () => {
    const kind = defineOne(async (run) => {
      await run.progress(43, 'cloning disk, 43 %')
      await sleep(400)
    })
    await engine.startWorker()
    const id = await engine.add({ kind })
    await engine.state(id, 'running')
    await sleep(150)
    expect(await engine.job(id)).toMatchObject({ progress: 43, doing: 'cloning disk, 43 %' })
    expect(await engine.state(id, 'succeeded')).toMatchObject({ progress: 100, doing: null })
  })

  async function cutListeners(): Promise<void> {
    const client = new Client({ connectionString: engine.ownerUrl })
    await client.connect()
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mpanel listen' and datname = current_database()`,
    )
    await client.end()
  }
})

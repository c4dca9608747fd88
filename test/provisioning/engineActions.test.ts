import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { JobError, waitFor } from '../../src/jobs/errors.ts'
import { handlers } from '../../src/jobs/index.ts'
import { newId } from '../../src/lib/ids.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { isCancellable } from '../../shared/states/provisioningJob.ts'
import { until } from '../support/app.ts'
import { define, defineOne, startEngine, step, type Engine } from '../support/engine.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.close())
afterEach(() => engine.stopWorkers())

const reason = 'the operator said so'
const cancel = (id: string) => engine.as((ctx) => provisioningService.cancelJob(ctx, id, reason))
const settle = (id: string, how: 'done' | 'skipped') =>
  engine.as((ctx) => provisioningService.settleStep(ctx, id, how, reason))

/** A job of three steps that writes down what it does; the second one does what `second` says. */
function threeSteps(second: () => Promise<void>) {
  const trace: string[] = []
  const undone = (name: string) => async (): Promise<void> => {
    trace.push(`undo ${name}`)
  }
  const kind = define([
    { ...step('first', async () => trace.push('first')), undo: undone('first') },
    {
      ...step('second', async () => {
        await second()
        trace.push('second')
      }),
      undo: undone('second'),
    },
    step('third', async () => trace.push('third')),
  ])
  return { kind, trace }
}
const actionsOf = async (id: string): Promise<string[]> => {
  const { rows } = await engine.as(({ tx }) =>
    sql<{ action: string }>`select action from audit_events where target_id = ${id} order by at, id`.execute(
      tx,
    ),
  )
  return rows.map(({ action }) => action)
}

describe('cancelling', () => {
  it('a job that runs interrupts it, undoes what was begun, in reverse, and says so', async () => {
    const trace: string[] = []
    let begun = false
    const kind = define([
      { ...step('first', async () => trace.push('first')), undo: async () => void trace.push('undo first') },
      {
        ...step('second', async (run) => {
          begun = true
          await sleep(30_000, undefined, { signal: run.signal })
        }),
        undo: async () => void trace.push('undo second'),
      },
    ])
    await engine.startWorker()
    const id = await engine.add({ kind })
    await until(async () => begun, 'the step to run')
    await cancel(id)
    const job = await engine.state(id, 'cancelled')
    expect(trace).toEqual(['first', 'undo second', 'undo first'])
    expect(job).toMatchObject({ error: { code: 'cancelled', message: `It was cancelled: ${reason}` } })
    expect(await actionsOf(id)).toEqual(['JOB_CREATED', 'JOB_CANCEL_REQUESTED', 'JOB_CANCELLED'])
  })

  it('a job that has not begun ends it without any step', async () => {
    const { kind, trace } = threeSteps(async () => {})
    const id = await engine.add({ kind })
    await cancel(id)
    await engine.startWorker()
    await engine.state(id, 'cancelled')
    expect(trace).toEqual([])
  })

  it('a job that backs off undoes at once what it had done', async () => {
    const { kind, trace } = threeSteps(async () => {
      throw waitFor('busy', 'somebody else is busy')
    })
    await engine.startWorker({ minWaitMs: 60_000 })
    const id = await engine.add({ kind })
    await engine.state(id, 'scheduled')
    await cancel(id)
    await engine.state(id, 'cancelled')
    expect(trace).toEqual(['first', 'undo second', 'undo first'])
  })

  it('a job that is stuck undoes what it had done', async () => {
    const { kind, trace } = threeSteps(async () => {
      throw new JobError('unknown', 'lost', 'the answer was lost')
    })
    await engine.startWorker()
    const id = await engine.add({ kind, maxAttempts: 1 })
    await engine.state(id, 'stuck')
    await cancel(id)
    await engine.state(id, 'cancelled')
    expect(trace).toEqual(['first', 'undo second', 'undo first'])
  })

  it('a job that waits behind another one lets that one end first, and does not hold up those after it', async () => {
    const order: string[] = []
    const cancelled = Promise.withResolvers<void>()
    const kind = defineOne(async (run) => {
      await cancelled.promise
      order.push(String(run.payload.name))
    })
    const serialKey = newId()
    const add = (name: string) => engine.add({ kind, serialKey, payload: { name } })
    const [, second, third] = [await add('first'), await add('second'), await add('third')]
    await engine.startWorker()
    await cancel(second)
    cancelled.resolve()
    await engine.state(third, 'succeeded')
    expect((await engine.job(second)).state).toBe('cancelled')
    expect(order).toEqual(['first', 'third'])
  })

  it('is refused with the reason for a job that is over, is being cancelled, or is being undone', async () => {
    const { kind } = threeSteps(async () => {})
    const over = await engine.add({ kind })
    await engine.startWorker()
    await engine.state(over, 'succeeded')
    await expect(cancel(over)).rejects.toThrow('The job is over.')
    await engine.stopWorkers()
    const twice = await engine.add({ kind })
    await cancel(twice)
    await expect(cancel(twice)).rejects.toThrow('being cancelled already')
    const undoing = await engine.add({ kind })
    await engine.as(({ tx }) =>
      sql`update provisioning_jobs_live set phase = 'undo', state = 'stuck' where id = ${undoing}`.execute(
        tx,
      ),
    )
    await expect(cancel(undoing)).rejects.toThrow('being undone already')
  })

  it('is offered for exactly those jobs that undo what they began', () => {
    // What a server refuses of a zone stands at the zone; there is nothing to undo, and what was ordered is still wanted.
    const keeps = (kind: string): boolean => kind === 'domain.zoneApply'
    const undone = [...handlers.values()].filter(
      ({ onPermanent, kind }) => onPermanent !== 'stuck' && !keeps(kind),
    )
    expect([...handlers.keys()].filter(isCancellable)).toEqual(undone.map((handler) => handler.kind))
  })

  it('is refused for a job that puts a decision in force, with what to do instead', async () => {
    const id = await engine.add({ kind: 'cloudPod.suspend' })
    await expect(cancel(id)).rejects.toThrow('End the suspension instead')
    await engine.as(({ tx }) =>
      sql`update provisioning_jobs_live set state = 'cancelled', finished_at = now() where id = ${id}`.execute(
        tx,
      ),
    )
  })
})

describe('the step at which a job stopped', () => {
  const broken = () =>
    threeSteps(async () => {
      throw new JobError('unknown', 'lost', 'the answer was lost')
    })

  it.each(['done', 'skipped'] as const)(
    'is %s by a person’s word: the job goes on behind it',
    async (how) => {
      const { kind, trace } = broken()
      await engine.startWorker()
      const id = await engine.add({ kind, maxAttempts: 1 })
      await engine.state(id, 'stuck')
      await settle(id, how)
      await engine.state(id, 'succeeded')
      expect(trace).toEqual(['first', 'third'])
      const second = (await engine.steps(id)).find(({ name }) => name === 'second')
      expect(second).toMatchObject({ state: how, error: expect.stringContaining(reason) as string })
      expect(await actionsOf(id)).toContain(how === 'done' ? 'JOB_STEP_MARKED_DONE' : 'JOB_STEP_SKIPPED')
    },
  )

  it('is undone by a person’s word when the undo was what failed, and the rest is undone', async () => {
    const trace: string[] = []
    const kind = define([
      { ...step('first', async () => {}), undo: async () => void trace.push('undo first') },
      {
        ...step('second', async () => {
          throw new JobError('permanent', 'broken', 'it will never work')
        }),
        undo: async () => {
          throw new JobError('permanent', 'locked', 'it cannot be removed')
        },
      },
    ])
    await engine.startWorker()
    const id = await engine.add({ kind })
    await engine.state(id, 'stuck')
    await settle(id, 'done')
    const job = await engine.state(id, 'failed')
    expect(trace).toEqual(['undo first'])
    expect(job.error).toMatchObject({ code: 'undo_failed' })
  })

  it('is asked for: a job that is not stuck, or stopped at no step, is refused', async () => {
    const { kind } = broken()
    const id = await engine.add({ kind })
    await expect(settle(id, 'done')).rejects.toThrow('Only the step of a job that is stuck')
    await engine.as(({ tx }) =>
      sql`update provisioning_jobs_live set state = 'stuck' where id = ${id}`.execute(tx),
    )
    await expect(settle(id, 'done')).rejects.toThrow('No step of this job has failed')
  })
})

describe('an operator', () => {
  it('lets a job that waits go on now', async () => {
    let calls = 0
    const kind = defineOne(async () => {
      calls += 1
      if (calls === 1) throw waitFor('busy', 'somebody else is busy')
    })
    await engine.startWorker({ minWaitMs: 60_000 })
    const id = await engine.add({ kind })
    await engine.state(id, 'scheduled')
    await engine.as((ctx) => provisioningService.retryJob(ctx, id))
    await engine.state(id, 'succeeded')
  })

  it('lets a job run before others by its priority, and cannot change that of one that runs', async () => {
    const order: string[] = []
    const kind = defineOne(async (run) => void order.push(String(run.payload.name)))
    const ids = []
    for (const name of ['a', 'b', 'c']) ids.push(await engine.add({ kind, payload: { name } }))
    const last = ids[2] ?? ''
    await engine.as((ctx) => provisioningService.setJobPriority(ctx, last, 1))
    await engine.startWorker({ concurrency: 1 })
    await until(async () => order.length === 3, 'all jobs to be done')
    expect(order).toEqual(['c', 'a', 'b'])
    await engine.state(last, 'succeeded')
    await expect(engine.as((ctx) => provisioningService.setJobPriority(ctx, last, 5))).rejects.toThrow(
      'The job is over.',
    )
  })

  it('sees the workers with what they run, and no longer one that has ended', async () => {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const kind = defineOne(() => held)
    const worker = await engine.startWorker({ concurrency: 3 })
    const id = await engine.add({ kind })
    const seen = await until(async () => {
      const all = await engine.as((ctx) => provisioningService.listWorkers(ctx))
      return all.find(({ name, jobs }) => name === worker.name && jobs.length === 1)
    }, 'the worker to be seen with its job')
    expect(seen).toMatchObject({ state: 'running', concurrency: 3, pid: process.pid, jobs: [{ id, kind }] })
    release()
    await engine.stopWorkers()
    expect(await engine.as((ctx) => provisioningService.listWorkers(ctx))).toEqual([])
  })

  it('sees a worker that has died as silent', async () => {
    await engine.as(({ tx }) =>
      sql`insert into workers (name, host, pid, version, concurrency, started_at, seen_at)
        values ('dead', 'host.example.com', 1, '0', 1, now(), clock_timestamp() - interval '1 minute')`.execute(
        tx,
      ),
    )
    expect(await engine.as((ctx) => provisioningService.listWorkers(ctx))).toMatchObject([
      { name: 'dead', state: 'silent', jobs: [] },
    ])
    await engine.as(({ tx }) => sql`delete from workers`.execute(tx))
  })
})

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { JobError, permanent, waitFor, type FailureKind } from '../../src/jobs/errors.ts'
import { newId } from '../../src/lib/ids.ts'
import { define, defineOne, startEngine, step, type Engine } from '../support/engine.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.close())
afterEach(() => engine.stopWorkers())

const fail = (kind: FailureKind, message = 'injected') => new JobError(kind, 'injected', message)

/** Three steps with undo that write down what is called; the last one does what the test wants. */
function threeSteps(last: (time: number) => Promise<unknown>, more: { undoFails?: () => Error | null } = {}) {
  const calls: string[] = []
  let times = 0
  const undo = (name: string) => async () => {
    calls.push(`undo ${name}`)
    const error = name === 'second' ? more.undoFails?.() : null
    if (error) throw error
  }
  const done = (name: string) => async () => void calls.push(name)
  const kind = define(
    [
      { ...step('first', done('first')), undo: undo('first') },
      { ...step('second', done('second')), undo: undo('second') },
      {
        ...step('third', async () => {
          calls.push('third')
          times += 1
          return last(times)
        }),
        undo: undo('third'),
      },
    ],
    { failed: async (_ctx, _payload, error) => void calls.push(`failed: ${error.message}`) },
  )
  return { kind, calls }
}

const UNDONE = ['undo third', 'undo second', 'undo first']

describe('a step that fails', () => {
  it('for good has everything undone in reverse, itself first, and the failure told once', async () => {
    const { kind, calls } = threeSteps(async () => {
      throw permanent('broken', 'it broke')
    })
    await engine.startWorker()
    const job = await engine.state(await engine.add({ kind }), 'failed')
    expect(calls).toEqual(['first', 'second', 'third', ...UNDONE, 'failed: it broke'])
    expect(job).toMatchObject({
      phase: 'undo',
      error: { code: 'broken', message: 'it broke', step: 'third' },
    })
    expect((await engine.steps(job.id)).map((row) => row.state)).toEqual(['undone', 'undone', 'undone'])
  })

  it('in passing is tried again as often as the job allows, then undone', async () => {
    const { kind, calls } = threeSteps(async () => {
      throw fail('retry')
    })
    await engine.startWorker()
    const job = await engine.state(await engine.add({ kind, maxAttempts: 3 }), 'failed')
    expect(calls).toEqual(['first', 'second', 'third', 'third', 'third', ...UNDONE, 'failed: injected'])
    expect(job.error).toMatchObject({ code: 'injected' })
  })

  it('while it only waits uses no attempt, however long it takes, and says for what', async () => {
    const { kind, calls } = threeSteps(async (time) => {
      if (time < 6) throw waitFor('full', 'no room yet')
    })
    await engine.startWorker()
    const id = await engine.add({ kind, maxAttempts: 2 })
    const waiting = await engine.state(id, 'scheduled')
    expect(waiting.waiting_for).toBe('no room yet')
    const job = await engine.state(id, 'succeeded')
    expect(job).toMatchObject({ attempts: 0, waiting_for: null, error: null })
    expect(calls.filter((call) => call === 'third')).toHaveLength(6)
  })

  it('by a mistake of ours is tried again, and then kept for a person: nobody knows what it did', async () => {
    const { kind, calls } = threeSteps(async () => {
      throw new TypeError('undefined is not a function')
    })
    await engine.startWorker()
    const job = await engine.state(await engine.add({ kind, maxAttempts: 2 }), 'stuck')
    expect(calls).toEqual(['first', 'second', 'third', 'third'])
    expect(job.error).toMatchObject({ code: 'internal', message: 'undefined is not a function' })
    expect((await engine.steps(job.id)).at(-1)).toMatchObject({ name: 'third', state: 'running' })
  })

  it('of which nothing can be undone keeps what was done and waits for a person', async () => {
    const calls: string[] = []
    const kind = define(
      [
        {
          ...step('only', async () => Promise.reject(permanent('no', 'no'))),
          undo: async () => void calls.push('undo'),
        },
      ],
      { onPermanent: 'stuck' },
    )
    await engine.startWorker()
    await engine.state(await engine.add({ kind }), 'stuck')
    expect(calls).toEqual([])
  })
})

describe('an undo that fails', () => {
  it('in passing is tried again, where it stopped', async () => {
    let times = 0
    const { kind, calls } = threeSteps(() => Promise.reject(permanent('broken', 'it broke')), {
      undoFails: () => (++times < 3 ? fail('retry', 'not now') : null),
    })
    await engine.startWorker()
    await engine.state(await engine.add({ kind }), 'failed')
    expect(calls.slice(3)).toEqual([
      'undo third',
      'undo second',
      'undo second',
      'undo second',
      'undo first',
      'failed: it broke',
    ])
  })

  it('for good makes the job stuck, with both reasons, and keeps what was not undone', async () => {
    const { kind, calls } = threeSteps(() => Promise.reject(permanent('broken', 'it broke')), {
      undoFails: () => permanent('locked', 'it is locked for ever'),
    })
    await engine.startWorker()
    const job = await engine.state(await engine.add({ kind }), 'stuck')
    expect(job.error).toMatchObject({
      code: 'undo_failed',
      message: expect.stringMatching(/it broke.*"second" failed: it is locked for ever/) as string,
    })
    expect(calls).not.toContain('undo first')
    expect((await engine.steps(job.id)).map((row) => row.state)).toEqual(['done', 'undo_failed', 'undone'])
  })

  it('until its attempts are used up makes the job stuck', async () => {
    const { kind } = threeSteps(() => Promise.reject(permanent('broken', 'it broke')), {
      undoFails: () => fail('retry', 'never'),
    })
    await engine.startWorker()
    const job = await engine.state(await engine.add({ kind, maxAttempts: 3 }), 'stuck')
    expect(job.error).toMatchObject({ code: 'undo_failed' })
  })
})

describe('an outcome nobody knows', () => {
  function doubtful(outcome: (time: number) => Promise<unknown>, found: () => boolean) {
    const calls: string[] = []
    let times = 0
    const kind = define([
      {
        name: 'act',
        title: 'act',
        run: async () => {
          calls.push('act')
          times += 1
          return outcome(times)
        },
        probe: async () => {
          calls.push('probe')
          return found() ? { done: true, output: 'found' } : { done: false }
        },
        undo: async () => void calls.push('undo'),
      },
    ])
    return { kind, calls }
  }

  it('is looked at before anything is repeated: what has happened is not done again', async () => {
    const { kind, calls } = doubtful(
      () => Promise.reject(fail('unknown')),
      () => true,
    )
    await engine.startWorker()
    const job = await engine.state(await engine.add({ kind }), 'succeeded')
    expect(calls).toEqual(['act', 'probe'])
    expect((await engine.steps(job.id))[0]?.output).toBe('found')
  })

  it('is repeated when the probe finds that it has not happened', async () => {
    const { kind, calls } = doubtful(
      (time) => (time === 1 ? Promise.reject(fail('unknown')) : Promise.resolve()),
      () => false,
    )
    await engine.startWorker()
    await engine.state(await engine.add({ kind }), 'succeeded')
    expect(calls).toEqual(['act', 'probe', 'act'])
  })

  it('stays in doubt while the probe itself gets no answer', async () => {
    let probes = 0
    const { kind, calls } = doubtful(
      () => Promise.reject(fail('unknown')),
      () => {
        probes += 1
        if (probes < 4) throw waitFor('away', 'nobody answers')
        return true
      },
    )
    await engine.startWorker()
    await engine.state(await engine.add({ kind }), 'succeeded')
    expect(calls).toEqual(['act', 'probe', 'probe', 'probe', 'probe'])
  })

  it('that stays unknown is never undone on a guess: a person looks at it', async () => {
    const { kind, calls } = doubtful(
      () => Promise.reject(fail('unknown')),
      () => false,
    )
    await engine.startWorker()
    const job = await engine.state(await engine.add({ kind, maxAttempts: 3 }), 'stuck')
    expect(calls).not.toContain('undo')
    expect(calls.filter((call) => call === 'act')).toHaveLength(3)
    expect(job.error).toMatchObject({ code: 'injected' })
  })
})

describe('a job', () => {
  it('that is still waiting behind its deadline is stuck, with what it waited for', async () => {
    const kind = defineOne(() => Promise.reject(waitFor('full', 'no room yet')))
    await engine.startWorker()
    const job = await engine.state(await engine.add({ kind, deadlineMs: 300 }), 'stuck')
    expect(job.error).toMatchObject({ code: 'full', message: 'no room yet' })
  })

  it('of a kind that this version does not know waits for a worker that does, without an attempt and in nobody’s way', async () => {
    await engine.startWorker()
    const id = await engine.add({ kind: 'no.such.kind', maxAttempts: 1 })
    const late = await engine.add({ kind: 'no.such.kind', maxAttempts: 1, deadlineMs: -1 })
    const other = await engine.add({ kind: defineOne(async () => undefined) })
    await engine.state(other, 'succeeded')
    const waiting = await engine.state(id, 'scheduled')
    expect(waiting.waiting_for).toMatch(
      /does not know no\.such\.kind: it waits for a worker of another version/,
    )
    expect(waiting.attempts).toBe(0)
    expect((await engine.state(late, 'stuck')).error).toMatchObject({ code: 'unknown_kind' })
  })

  it('whose payload is of another form does not spin either', async () => {
    const kind = defineOne(async () => undefined, {
      parse: () => {
        throw new Error('podId is missing')
      },
    })
    await engine.startWorker()
    const job = await engine.state(await engine.add({ kind, maxAttempts: 2 }), 'stuck')
    expect(job.error).toMatchObject({ message: 'podId is missing' })
    expect(job.fence).toBe(2n)
  })

  it('gives the outputs of its steps to later ones, also after a restart', async () => {
    const seen: unknown[] = []
    const kind = define([
      step('make', async () => ({ vmid: 101n.toString() })),
      step('use', async (run) => {
        seen.push(run.output('make'))
        if (seen.length < 3) throw fail('retry')
      }),
    ])
    await engine.startWorker()
    await engine.state(await engine.add({ kind }), 'succeeded')
    expect(seen).toEqual([{ vmid: '101' }, { vmid: '101' }, { vmid: '101' }])
  })

  it('commits a step together with its record: a failure in it leaves neither', async () => {
    let tries = 0
    const names: string[] = []
    const kind = define([
      {
        name: 'record',
        title: 'record',
        commit: async (ctx) => {
          const name = `commit-${newId()}`
          names.push(name)
          await ctx.tx.insertInto('timers').values({ name, next_run_at: new Date() }).execute()
          tries += 1
          if (tries < 3) throw fail('retry')
        },
      },
    ])
    await engine.startWorker()
    await engine.state(await engine.add({ kind }), 'succeeded')
    const rows = await engine.as(({ tx }) =>
      tx.selectFrom('timers').select('name').where('name', 'in', names).execute(),
    )
    expect(rows).toEqual([{ name: names[2] }])
  })
})

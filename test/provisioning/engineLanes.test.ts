import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../src/lib/ids.ts'
import * as tenantService from '../../src/services/tenantService.ts'
import { enqueue, type JobRequest } from '../../src/services/provisioningQueues.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { until } from '../support/app.ts'
import { defineOne, requestOf, startEngine, type Engine } from '../support/engine.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.close())
afterEach(async () => {
  await engine.stopWorkers()
  await engine.as(({ tx }) => sql`delete from job_pauses`.execute(tx))
  await engine.as(({ tx }) => sql`delete from job_limits where name not like '%*'`.execute(tx))
  await engine.as(({ tx }) =>
    sql`update provisioning_jobs_live set state = 'cancelled', finished_at = now(), seq = coalesce(seq, 0)
      where state in ('ready', 'blocked', 'scheduled')`.execute(tx),
  )
})

async function tenant(): Promise<string> {
  const slug = `t-${newId().slice(-12)}`
  const quota = { maxPods: 1, maxCores: 1, maxMemoryMb: 1, maxDiskGb: 1 }
  const made = { name: slug, slug, billingTz: 'UTC', defaultCurrency: 'EUR', quota } as const
  return (await engine.as((ctx) => tenantService.create(ctx, made))).id
}

/** A kind of job that takes a while, with who runs now, how many ran at once, and in which order they began. */
function counted(takesMs: number | (() => Promise<void>)) {
  const seen = {
    began: [] as string[],
    ended: 0,
    now: new Map<string, number>(),
    most: new Map<string, number>(),
  }
  const kind = defineOne(async (run) => {
    const name = typeof run.payload.name === 'string' ? run.payload.name : ''
    seen.began.push(name)
    const now = (seen.now.get(name) ?? 0) + 1
    seen.now.set(name, now)
    seen.most.set(name, Math.max(seen.most.get(name) ?? 0, now))
    await (typeof takesMs === 'number' ? sleep(takesMs) : takesMs())
    seen.now.set(name, (seen.now.get(name) ?? 0) - 1)
    seen.ended += 1
  })
  return { kind, seen }
}

const addAll = (requests: (Partial<JobRequest> & { kind: string })[]): Promise<void> =>
  engine.as(async (ctx) => {
    for (const request of requests) await enqueue(ctx, requestOf(request))
  })
const setLimit = (name: string, capacity: number) =>
  engine.as((ctx) => provisioningService.setLimit(ctx, name, capacity))

describe('the slots of a node', () => {
  it('are never exceeded, whatever number of workers there is, and none stays empty while a job waits', async () => {
    const { kind, seen } = counted(25)
    const nodes = [newId(), newId(), newId()]
    for (const node of nodes) await setLimit(`node:${node}`, 2)
    await addAll(
      Array.from({ length: 90 }, (_, n) => {
        const nodeId = nodes[n % 3] ?? ''
        return { kind, nodeId, payload: { name: nodeId } }
      }),
    )
    await Promise.all([1, 2, 3].map(() => engine.startWorker({ concurrency: 20 })))
    await until(async () => seen.ended === 90, 'all jobs to be done')
    expect([...seen.most.values()]).toEqual([2, 2, 2])
  })

  it('are passed over when they are full: what waits for one node does not keep others waiting', async () => {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = counted(() => held)
    const fast = counted(1)
    const [busy, free] = [newId(), newId()]
    await setLimit(`node:${busy}`, 1)
    await addAll(Array.from({ length: 50 }, () => ({ kind: slow.kind, nodeId: busy })))
    await engine.startWorker({ concurrency: 4 })
    await addAll(Array.from({ length: 10 }, () => ({ kind: fast.kind, nodeId: free })))
    await until(async () => fast.seen.ended === 10, 'the jobs of the other node')
    expect(slow.seen.began).toHaveLength(1)
    release()
    await until(async () => slow.seen.ended === 50, 'the others to be done')
  })

  it('hold together with a further limit of the cluster, such as how many clones it takes at once', async () => {
    const { kind, seen } = counted(20)
    const cluster = newId()
    await setLimit(`clones:${cluster}`, 3)
    await addAll(
      Array.from({ length: 30 }, (_, n) => ({
        kind,
        nodeId: `0000000${n % 3}-0000-7000-8000-000000000000`,
        limits: [`clones:${cluster}`],
        payload: { name: 'clone' },
      })),
    )
    await engine.startWorker({ concurrency: 10 })
    await engine.startWorker({ concurrency: 10 })
    await until(async () => seen.ended === 30, 'all jobs to be done')
    expect(seen.most.get('clone')).toBe(3)
  })

  it('are free again when the worker that held them died', async () => {
    const { kind, seen } = counted(1)
    const node = newId()
    await setLimit(`node:${node}`, 1)
    await addAll([{ kind, nodeId: node }])
    await engine.as(({ tx }) =>
      sql`select job_claim('a worker that died', array['system'], 1, interval '0.2 s')`.execute(tx),
    )
    await addAll([{ kind, nodeId: node }])
    await engine.startWorker()
    await until(async () => seen.ended === 2, 'both jobs to be done')
  })
})

describe('tenants', () => {
  it('take turns: one with 300 jobs waiting does not keep another one waiting', async () => {
    const { kind, seen } = counted(2)
    const [noisy, quiet] = [await tenant(), await tenant()]
    await addAll(Array.from({ length: 300 }, () => ({ kind, tenantId: noisy, payload: { name: 'noisy' } })))
    await addAll(Array.from({ length: 5 }, () => ({ kind, tenantId: quiet, payload: { name: 'quiet' } })))
    await engine.startWorker({ concurrency: 1 })
    await until(async () => seen.began.filter((name) => name === 'quiet').length === 5, 'the quiet one')
    // One turn each, from wherever the turns stood.
    expect(seen.began.lastIndexOf('quiet') + 1).toBeLessThanOrEqual(11)
  })

  it('take turns on a node with one slot over several workers, too', async () => {
    const { kind, seen } = counted(2)
    const node = newId()
    await setLimit(`node:${node}`, 1)
    const tenants = await Promise.all([tenant(), tenant(), tenant()])
    for (const [n, tenantId] of tenants.entries())
      await addAll(
        Array.from({ length: 20 }, () => ({ kind, tenantId, nodeId: node, payload: { name: String(n) } })),
      )
    await Promise.all([1, 2, 3].map(() => engine.startWorker({ concurrency: 4 })))
    await until(async () => seen.ended === 60, 'all jobs to be done')
    for (let round = 0; round < 20; round += 1)
      expect(new Set(seen.began.slice(round * 3, round * 3 + 3)).size, `round ${round}`).toBe(3)
  })

  it('keep their own order inside their turns', async () => {
    const { kind, seen } = counted(1)
    const [a, b] = [await tenant(), await tenant()]
    for (let n = 0; n < 10; n += 1)
      await addAll([a, b].map((tenantId) => ({ kind, tenantId, payload: { name: `${tenantId} ${n}` } })))
    await engine.startWorker({ concurrency: 1 })
    await until(async () => seen.ended === 20, 'all jobs to be done')
    for (const tenantId of [a, b])
      expect(seen.began.filter((name) => name.startsWith(tenantId))).toEqual(
        Array.from({ length: 10 }, (_, n) => `${tenantId} ${n}`),
      )
  })
})

describe('what is paused', () => {
  const reason = 'it is being mended'
  it.each(['queue', 'kind', 'node'] as const)(
    'is not started (a %s), others are, and it goes on when it is resumed',
    async (what) => {
      const stopped = counted(1)
      const other = counted(1)
      const nodeId = await nodeRow()
      const which = { queue: 'ssl', kind: stopped.kind, node: nodeId }[what]
      await engine.as((ctx) => provisioningService.pause(ctx, { what, which, reason }))
      await addAll([{ kind: stopped.kind, queue: 'ssl', nodeId }, { kind: other.kind }])
      await engine.startWorker()
      await until(async () => other.seen.ended === 1, 'the other job')
      await sleep(200)
      expect(stopped.seen.began).toEqual([])
      await engine.as((ctx) => provisioningService.resume(ctx, what, which))
      await until(async () => stopped.seen.ended === 1, 'the job to be done')
    },
  )

  async function nodeRow(): Promise<string> {
    const [cluster, node] = [newId(), newId()]
    await engine.as(async ({ tx }) => {
      await sql`insert into clusters (id, name, api_url, token_id, token_secret_sealed, vmid_min, vmid_max, created_at)
        values (${cluster}, ${cluster}, 'https://192.0.2.1:8006', 'a@pve!b', '\\x00', 100, 200, now())`.execute(
        tx,
      )
      await sql`insert into nodes (id, cluster_id, name, status, cores, memory_mb, disk_gb, created_at)
        values (${node}, ${cluster}, 'pve1', 'online', 1, 1, 1, now())`.execute(tx)
    })
    return node
  }

  it('in an emergency is everything: running jobs are put back and end later as if nothing had been', async () => {
    let finished = 0
    let begun = 0
    const kind = defineOne(async (run) => {
      begun += 1
      // The first one goes on until it is stopped, however late that is.
      if (begun === 1) await once(run.signal, 'abort').then(() => run.signal.throwIfAborted())
      finished += 1
    })
    await engine.startWorker()
    const running = await engine.add({ kind })
    await until(async () => begun === 1, 'the job to run')
    await engine.as((ctx) => provisioningService.pause(ctx, { what: 'all', which: '*', reason }))
    await engine.state(running, 'scheduled', 'ready')
    const later = await engine.add({ kind })
    await sleep(300)
    expect({ begun, state: (await engine.job(later)).state }).toEqual({ begun: 1, state: 'ready' })
    await engine.as((ctx) => provisioningService.resume(ctx, 'all', '*'))
    await engine.state(running, 'succeeded')
    await engine.state(later, 'succeeded')
    expect({ finished, attempts: (await engine.job(running)).attempts }).toEqual({ finished: 2, attempts: 0 })
  })
})

it('a claim walks along the index of what is ready, however much that is: nothing is sorted', async () => {
  const kind = defineOne(async () => undefined)
  await addAll(Array.from({ length: 300 }, () => ({ kind })))
  const client = new Client({ connectionString: engine.ownerUrl })
  const plans: string[] = []
  client.on('notice', ({ message }) => plans.push(message ?? ''))
  await client.connect()
  await client.query(`load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;
    set client_min_messages = log; set role mpanel_app; set app.scope = 'platform'; begin`)
  const { rowCount } = await client.query(`select * from job_claim('somebody', '{system}', 3, '10 s')`)
  await client.query('rollback')
  await client.end()
  expect(rowCount).toBe(3)
  const picks = plans.filter((plan) => plan.includes('skip locked'))
  expect(picks.length).toBeGreaterThanOrEqual(3)
  expect(picks.filter((plan) => /\bSort\b(?! Key)/.test(plan))).toEqual([])
})

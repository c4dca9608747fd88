import { Pool } from 'pg'
import { PgBoss } from 'pg-boss'
import { newId } from '../../src/lib/ids.ts'
import type { BenchDatabase } from '../database.ts'
import type { BenchJob, Engine } from './engine.ts'

const TABLES = `
  create table if not exists bench_steps (job uuid primary key, name text not null, state text not null,
    begun_at timestamptz not null, ended_at timestamptz, result jsonb);
  create table if not exists bench_events (id uuid primary key, at timestamptz not null, action text not null,
    actor jsonb not null, target_id text not null, details jsonb);
  create index if not exists bench_events_target on bench_events (target_id, at);
  create index if not exists bench_events_at on bench_events (at)`
const EVENTS = `insert into bench_events select i, now(), $2, '{"kind":"system","id":"bench"}', i, '{"queue":"bench"}'
  from unnest($1::uuid[]) i`

/**
 * What mPanel writes of a job and an application on another queue would have to write itself: an event when it is added and when
 * it ends, and a step before and after its outside effect, each for good before it goes on.
 */
async function recordsOf(url: string) {
  const pool = new Pool({ connectionString: url, max: 20 })
  await pool.query(TABLES)
  return {
    added: (ids: readonly string[]) => pool.query(EVENTS, [ids, 'JOB_QUEUED']),
    async around(id: string, effect: () => Promise<void>): Promise<void> {
      await pool.query(`insert into bench_steps values ($1, 'only', 'running', now())`, [id])
      await effect()
      await pool.query(
        `with step as (update bench_steps set state = 'done', ended_at = now(), result = '{}' where job = $1)
        insert into bench_events values ($2, now(), 'JOB_SUCCEEDED', '{"kind":"system","id":"bench"}', $1, '{"queue":"bench"}')`,
        [id, newId()],
      )
    },
    close: () => pool.end(),
  }
}

/** pg-boss, policy `key_strict_fifo`. Its random ids would leave the order within a transaction open: it gets ours. */
export async function pgBoss(database: BenchDatabase, recorded: boolean): Promise<Engine> {
  const name = recorded ? 'recorded' : 'bench'
  const records = recorded ? await recordsOf(database.ownerUrl) : undefined
  const boss = new PgBoss({ connectionString: database.ownerUrl, useListenNotify: true, max: 20 })
  boss.on('error', () => {})
  await boss.start()
  await boss.createQueue(name, { policy: 'key_strict_fifo', notify: true })
  return {
    name: recorded ? 'pg-boss, and what we record' : 'pg-boss',
    mode: `key_strict_fifo, LISTEN, one worker that fetches and completes whole batches${
      recorded ? '; its handler writes a step before and after its effect, and two events' : ''
    }`,
    enqueue: async (jobs) => {
      const added = jobs.map((job) => ({ id: newId(), data: job, singletonKey: job.key }))
      await boss.insert(name, added)
      await records?.added(added.map(({ id }) => id))
    },
    work: async (concurrency, handle) => {
      await boss.work<BenchJob>(
        name,
        { batchSize: concurrency, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
        async (jobs) => {
          await Promise.all(
            jobs.map((job) => (records ? records.around(job.id, () => handle(job.data)) : handle(job.data))),
          )
        },
      )
      return { stop: () => boss.offWork(name) }
    },
    clear: async () => {
      await boss.deleteAllJobs(name)
    },
    close: async () => {
      await boss.stop({ graceful: false })
      await records?.close()
    },
  }
}

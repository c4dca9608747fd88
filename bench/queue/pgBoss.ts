import { PgBoss } from 'pg-boss'
import { newId } from '../../src/lib/ids.ts'
import type { BenchDatabase } from '../database.ts'
import type { BenchJob, Engine } from './engine.ts'

const QUEUE = 'bench'

/** pg-boss, policy `key_strict_fifo`. Its random ids would leave the order within a transaction open: it gets ours. */
export async function pgBoss(database: BenchDatabase): Promise<Engine> {
  const boss = new PgBoss({ connectionString: database.ownerUrl, useListenNotify: true, max: 20 })
  boss.on('error', () => {})
  await boss.start()
  await boss.createQueue(QUEUE, { policy: 'key_strict_fifo', notify: true })
  return {
    name: 'pg-boss',
    mode: 'key_strict_fifo, LISTEN, one worker that fetches and completes whole batches',
    enqueue: async (jobs) => {
      await boss.insert(
        QUEUE,
        jobs.map((job) => ({ id: newId(), data: job, singletonKey: job.key })),
      )
    },
    work: async (concurrency, handle) => {
      await boss.work<BenchJob>(
        QUEUE,
        { batchSize: concurrency, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
        async (jobs) => {
          await Promise.all(jobs.map((job) => handle(job.data)))
        },
      )
      return { stop: () => boss.offWork(QUEUE) }
    },
    clear: async () => {
      await boss.deleteAllJobs(QUEUE)
    },
    close: () => boss.stop({ graceful: false }),
  }
}

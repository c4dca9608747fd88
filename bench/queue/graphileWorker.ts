import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import type { BenchDatabase } from '../database.ts'
import { execute } from '../database.ts'
import type { BenchJob, Engine } from './engine.ts'

const TASK = 'bench'
const silent = new Logger(() => () => {})

/** graphile-worker with one named queue a resource. Equal times would leave the order open, so each job has its own. */
export async function graphileWorker(database: BenchDatabase, batched: boolean): Promise<Engine> {
  const schema = batched ? 'graphile_batched' : 'graphile'
  const shared = { connectionString: database.ownerUrl, schema, logger: silent }
  const utils = await makeWorkerUtils(shared)
  await utils.migrate()
  let clock = Date.now() - 86_400_000
  return {
    name: batched ? 'graphile-worker, batched' : 'graphile-worker',
    mode: batched
      ? 'named queues, local queue, completions batched: a crash repeats jobs that had ended'
      : 'named queues, defaults',
    enqueue: async (jobs) => {
      await utils.addJobs(
        jobs.map((job) => ({
          identifier: TASK,
          payload: job,
          queueName: job.key,
          runAt: new Date(clock++),
        })),
      )
    },
    work: async (concurrency, handle) => {
      const preset = { worker: { localQueue: { size: 4 * concurrency }, completeJobBatchDelay: 0 } }
      const runner = await run({
        ...shared,
        concurrency,
        noHandleSignals: true,
        maxPoolSize: concurrency + 4,
        pollInterval: 500,
        taskList: { [TASK]: (payload) => handle(payload as BenchJob) },
        ...(batched ? { preset } : {}),
      })
      return { stop: () => runner.stop() }
    },
    clear: async () => {
      await execute(
        database.ownerUrl,
        `truncate ${schema}._private_jobs, ${schema}._private_job_queues cascade`,
      )
    },
    close: async () => {
      await utils.release()
    },
  }
}

import { systemOrigin, transaction } from '../../src/context.ts'
import { readConfig } from '../../src/config.ts'
import { createDeps } from '../../src/deps.ts'
import type { JobHandler, Step } from '../../src/jobs/steps.ts'
import { newId } from '../../src/lib/ids.ts'
import { createLogger } from '../../src/lib/log.ts'
import { enqueue } from '../../src/services/provisioningQueues.ts'
import { startWorker } from '../../src/worker.ts'
import { execute, type BenchDatabase } from '../database.ts'
import type { BenchJob, Engine } from './engine.ts'

const KIND = 'bench'

/** A handler of one step: an outside effect that is recorded before and after, or a change of the database alone. */
function handlerOf(kind: 'run' | 'commit', handle: (job: BenchJob) => Promise<void>): JobHandler<BenchJob> {
  const base = { name: 'only', title: 'The only step' }
  const step: Step<BenchJob> =
    kind === 'run'
      ? { ...base, idempotent: true, run: (run) => handle(run.payload) }
      : { ...base, commit: (_, run) => handle(run.payload) }
  return { kind: KIND, parse: (payload) => payload as BenchJob, steps: [step] }
}

export function ours(database: BenchDatabase, step: 'run' | 'commit'): Engine {
  const config = readConfig({ DATABASE_URL: database.url, MPANEL_DATA_DIR: database.dataDir })
  const { root, close } = createDeps(config, database.url, { log: createLogger({ level: 'fatal' }) })
  return {
    name: step === 'run' ? 'mPanel' : 'mPanel, database step',
    mode:
      step === 'run'
        ? 'one step with an outside effect: recorded before and after; fence, audit events, lease and heart-beat'
        : 'one step that is a transaction of its own; fence, audit events, lease and heart-beat',
    enqueue: (jobs) =>
      transaction(root, systemOrigin('bench', newId()), 'platform', async (ctx) => {
        for (const job of jobs) {
          await enqueue(ctx, {
            queue: 'system',
            kind: KIND,
            tenantId: null,
            subject: { type: 'bench', id: null, label: job.key },
            payload: job,
            serialKey: job.key,
          })
        }
      }),
    work: (concurrency, handle) => {
      const handler = handlerOf(step, handle) as unknown as JobHandler<never>
      return startWorker(root, database.url, { concurrency, handlers: new Map([[KIND, handler]]) })
    },
    clear: async () => {
      await execute(database.ownerUrl, `truncate provisioning_jobs cascade`)
    },
    close,
  }
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { JobState } from '../../shared/states/provisioningJob.ts'
import { readConfig } from '../../src/config.ts'
import { systemOrigin, transaction, type Ctx, type Root } from '../../src/context.ts'
import * as queue from '../../src/db/queue.ts'
import type { JobRow, StepRow } from '../../src/db/queue.ts'
import { createDeps } from '../../src/deps.ts'
import type { handlers as allHandlers } from '../../src/jobs/index.ts'
import type { JobHandler, Run, Step } from '../../src/jobs/steps.ts'
import { newId } from '../../src/lib/ids.ts'
import { createLogger } from '../../src/lib/log.ts'
import { enqueue, type JobRequest } from '../../src/services/provisioningQueues.ts'
import { startWorker, type Worker, type WorkerOptions } from '../../src/worker.ts'
import { FAST, until } from './app.ts'
import { freshDatabase } from './postgres.ts'

export type Engine = {
  root: Root
  /** As the server logs in. */
  databaseUrl: string
  /** As the owner of the tables. */
  ownerUrl: string
  /** Adds a job of this kind; the workers of this engine run it by the handler that was defined for it. */
  add(request: Partial<JobRequest> & { kind: string }): Promise<string>
  as<T>(work: (ctx: Ctx) => Promise<T>): Promise<T>
  job(id: string): Promise<JobRow>
  steps(id: string): Promise<StepRow[]>
  state(id: string, ...wanted: JobState[]): Promise<JobRow>
  startWorker(options?: WorkerOptions): Promise<Worker>
  stopWorkers(): Promise<void>
  close(): Promise<void>
}

export const requestOf = (request: Partial<JobRequest> & { kind: string }): JobRequest => ({
  queue: 'system',
  tenantId: null,
  subject: { type: 'test', id: null, label: '' },
  payload: {},
  ...request,
})

type Payload = Record<string, unknown>
const handlers = new Map<string, JobHandler<Payload>>()

/** Defines what jobs of a kind of their own do. @returns the kind */
export function define(steps: Step<Payload>[], more: Partial<JobHandler<Payload>> = {}): string {
  const kind = `test.${newId().slice(-12)}`
  handlers.set(kind, { kind, parse: (payload) => payload as Payload, steps, ...more })
  return kind
}

/** A job of one step that may be repeated. */
export const defineOne = (
  work: (run: Run<Payload>) => Promise<unknown>,
  more: Partial<JobHandler<Payload>> = {},
): string => define([step('work', work)], more)

export const step = (name: string, work: (run: Run<Payload>) => Promise<unknown>): Step<Payload> => ({
  name,
  title: name,
  run: work,
  idempotent: true,
})

export const handlerOf = (kind: string): JobHandler<Payload> => {
  const handler = handlers.get(kind)
  if (!handler) throw new Error(`${kind} is not defined`)
  return handler
}

/** The queue and its workers on a database of their own, without clusters and without HTTP. */
export async function startEngine(): Promise<Engine> {
  const database = await freshDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'mpanel-engine-'))
  const config = readConfig({ DATABASE_URL: database.url, MPANEL_DATA_DIR: dataDir })
  const deps = createDeps(config, database.url, { log: createLogger({ level: 'silent' }), poolSize: 30 })
  const { root } = deps
  const workers = new Set<Worker>()
  const as: Engine['as'] = (work) => transaction(root, systemOrigin('test', newId()), 'platform', work)
  const job: Engine['job'] = async (id) => {
    const rows = await as(async ({ tx }) =>
      sql<JobRow>`select * from provisioning_jobs where id = ${id}`.execute(tx),
    )
    const row = rows.rows[0]
    if (!row) throw new Error(`there is no job ${id}`)
    return row
  }
  const stopWorkers = async (): Promise<void> => {
    await Promise.all([...workers].map((worker) => worker.stop()))
    workers.clear()
  }
  return {
    root,
    databaseUrl: database.url,
    ownerUrl: database.ownerUrl,
    as,
    job,
    add: async (request) => (await as((ctx) => enqueue(ctx, requestOf(request)))).id,
    steps: (id) => as(({ tx }) => queue.steps(tx, 'system', id)),
    state: (id, ...wanted) =>
      until(
        async () => {
          const row = await job(id)
          return wanted.includes(row.state) && row
        },
        `job ${id} to be ${wanted.join(' or ')}`,
      ),
    startWorker: async (options = {}) => {
      const worker = await startWorker(root, database.url, {
        ...FAST,
        handlers: handlers as unknown as typeof allHandlers,
        timers: [],
        ...options,
      })
      workers.add(worker)
      return worker
    },
    stopWorkers,
    close: async () => {
      await stopWorkers()
      await deps.close()
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Job } from '../../shared/api/provisioning.ts'
import { jobOf, orderAndPay, showSubscription, cancelNow, type Placed } from '../cloudPods/faults.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { jobRow, stepRows } from '../support/harnessRun.ts'
import { some } from '../support/some.ts'
import { expectNothingLeaked, guestsOf, podRow, rowsOf } from '../support/harnessWorld.ts'

const ROOT = new URL('../..', import.meta.url).pathname
/** Each task takes long enough for a worker to be killed in it. */
const SLOW = {
  cloneMs: 1_500,
  configMs: 1_000,
  resizeMs: 1_000,
  startMs: 1_000,
  stopMs: 1_500,
  destroyMs: 1_500,
}
const LONG_MS = 240_000

let app: TestApp
const children = new Set<ChildProcess>()
beforeAll(async () => {
  app = await startApp({ worker: false, speed: SLOW })
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await app.close()
})

/** A worker in a process of its own, with the leases it has in production. */
async function startWorkerProcess(concurrency: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(ROOT, 'bin/mpanel.mjs'), 'worker'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DATABASE_URL: app.databaseUrl,
      MPANEL_DATA_DIR: app.config.dataDir,
      MPANEL_SECRET_KEY: readFileSync(join(app.config.dataDir, 'secret.key'), 'utf8'),
      MPANEL_WORKER_CONCURRENCY: String(concurrency),
      MPANEL_LOG_LEVEL: 'silent',
    },
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await until(async () => said.includes('is running'), 'a worker process to start', 90_000)
  return child
}

/** Holds rows locked, so that a step that needs them stands still. */
async function hold(query: string, id: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: app.ownerUrl })
  // A failing test leaves it to the database's end.
  client.on('error', () => undefined)
  await client.connect()
  await client.query('begin')
  await client.query(query, [id])
  return async () => {
    await client.query('rollback')
    await client.end()
  }
}
const POD = 'select from cloud_pods where id = $1 for update'
const SUBSCRIPTION = 'select from subscriptions where id = $1 for update'

type Moment = {
  name: string
  /** Waits for the moment; what must be let go after the kill is returned. */
  reached(placed: Placed, jobId: string): Promise<void | (() => Promise<void>)>
}

const stepIs = (jobId: string, name: string, state: string): Promise<unknown> =>
  until(
    async () =>
      (await stepRows(app, await jobRow(app, jobId))).some((row) => row.name === name && row.state === state),
    `step ${name} to be ${state}`,
    60_000,
  )
const taskRuns = (placed: Placed, type: string): Promise<unknown> =>
  until(
    async () =>
      app.sim.control
        .tasks()
        .some((task) => task.type === type && task.id === String(placed.vmid) && task.exitstatus === null),
    `task ${type} to run`,
    60_000,
  )

const during = (step: string): Moment => ({
  name: step,
  reached: async (_placed, jobId) => {
    await stepIs(jobId, step, 'running')
    await sleep(300)
  },
})
/** Steps that only take a moment are held at their first lock. */
const heldIn = (step: string, task: string): Moment => ({
  name: step,
  reached: async (placed, jobId) => {
    await taskRuns(placed, task)
    const release = await hold(POD, placed.podId)
    await stepIs(jobId, step, 'running')
    return release
  },
})
/** A commit is killed in the middle of its transaction. */
const inCommit = (step: string, before: string): Moment => ({
  name: step,
  reached: async (placed, jobId) => {
    const release = await hold(SUBSCRIPTION, placed.subscription.id)
    await stepIs(jobId, before, 'done')
    await sleep(500)
    return release
  },
})

/** Kills the process that runs the job, which it shares with no other job. */
async function killAt(moment: Moment, placed: Placed, jobId: string): Promise<void> {
  const release = await moment.reached(placed, jobId)
  const job = await jobRow(app, jobId)
  expect(job.state, moment.name).toBe('running')
  const pid = Number(/-(\d+)-\w+$/.exec(job.lease_owner ?? '')?.[1])
  const child = [...children].find((candidate) => candidate.pid === pid)
  expect(child, `the process of ${job.lease_owner}`).toBeDefined()
  const exit = child && once(child, 'exit')
  child?.kill('SIGKILL')
  await exit
  const [lease] = await rowsOf(
    app,
    sql<{ left: number }>`select extract(epoch from lease_until - clock_timestamp())::float8 as left
      from provisioning_jobs where id = ${jobId}`,
  )
  // With the half second between two looks and the time to start, twenty seconds are kept.
  expect(lease?.left, moment.name).toBeLessThanOrEqual(15)
  await release?.()
}

const okTasks = (type: string, id?: number): number =>
  app.sim.control
    .tasks()
    .filter((task) => task.type === type && (id === undefined || task.id === String(id)))
    .filter((task) => task.exitstatus === 'OK').length

const CREATE = some<Moment>([
  during('make'),
  during('configure'),
  during('disk'),
  during('start'),
  heldIn('verify', 'qmstart'),
  inCommit('activate', 'verify'),
])
const DESTROY = some<Moment>([
  {
    name: 'remove, while it stops',
    reached: async (placed: Placed) => void (await taskRuns(placed, 'qmstop')),
  },
  {
    name: 'remove, while it destroys',
    reached: async (placed: Placed) => void (await taskRuns(placed, 'qmdestroy')),
  },
  heldIn('prove', 'qmdestroy'),
  inCommit('release', 'prove'),
])
const pods: Placed[] = []

it(
  'workers killed with SIGKILL in a step of a creation are followed by another: one guest each, nothing leaked',
  async () => {
    await Promise.all(CREATE.map(() => startWorkerProcess(1)))
    await Promise.all(
      CREATE.map(async (moment) => {
        const placed = await orderAndPay(app)
        pods.push(placed)
        await killAt(moment, placed, placed.jobId)
      }),
    )
    await startWorkerProcess(16)
    for (const placed of pods) {
      const { id } = await jobOf(app, placed.podId, 'cloudPod.create')
      expect((await finishedLate(id)).state).toBe('succeeded')
      expect((await jobRow(app, id)).lost_leases).toBe(1)
      expect(await podRow(app, placed.podId)).toMatchObject({ state: 'active', power_state: 'running' })
      expect(guestsOf(app, placed.podId)).toHaveLength(1)
      expect(okTasks('qmstart', placed.vmid)).toBe(1)
      await expectNothingLeaked(app, placed.tenantId)
    }
    expect(okTasks('qmclone')).toBe(CREATE.length)
    await stopAll('SIGTERM')
  },
  LONG_MS,
)

it(
  'workers killed with SIGKILL in a step of a destruction are followed by another: everything is released once',
  async () => {
    await Promise.all(DESTROY.map(() => startWorkerProcess(1)))
    const doomed = pods.slice(0, DESTROY.length)
    const jobs = await Promise.all(
      DESTROY.map(async (moment, n) => {
        const placed = doomed[n] as Placed
        const job = await cancelNow(app, placed.subscription.id)
        await killAt(moment, placed, job?.id ?? '')
        return job?.id ?? ''
      }),
    )
    await startWorkerProcess(16)
    for (const [n, placed] of doomed.entries()) {
      expect((await finishedLate(jobs[n] ?? '')).state).toBe('succeeded')
      expect((await jobRow(app, jobs[n] ?? '')).lost_leases).toBe(1)
      expect((await showSubscription(app, placed.subscription.id)).state).toBe('terminated')
      expect(okTasks('qmdestroy', placed.vmid)).toBe(1)
      await expectNothingLeaked(app, placed.tenantId)
    }
    await stopAll('SIGTERM')
  },
  LONG_MS,
)

it(
  'a job whose worker was killed says so, until another worker goes on with it',
  async () => {
    await startWorkerProcess(1)
    const placed = await orderAndPay(app)
    await killAt(during('configure'), placed, placed.jobId)
    const show = async () => (await app.admin.get<Job>(`/api/admin/provisioning/jobs/${placed.jobId}`)).body
    expect(await show()).toMatchObject({ state: 'running', waitingFor: null })
    await rowsOf(
      app,
      sql`update provisioning_jobs_live set lease_until = clock_timestamp() - interval '16 s'
        where id = ${placed.jobId}`,
    )
    expect(await show()).toMatchObject({
      state: 'running',
      waitingFor: 'Its worker has fallen silent: the next worker goes on at this step.',
    })
    await startWorkerProcess(1)
    expect(await finishedLate(placed.jobId)).toMatchObject({ state: 'succeeded', waitingFor: null })
    await stopAll('SIGTERM')
  },
  LONG_MS,
)

/** The lease must run out first. */
async function finishedLate(jobId: string) {
  await until(async () => (await jobRow(app, jobId)).lost_leases === 1, `job ${jobId} to be taken up`, 30_000)
  await until(
    async () => !['running', 'ready', 'scheduled'].includes((await jobRow(app, jobId)).state),
    `job ${jobId} to come to rest`,
    60_000,
  )
  return finished(app.admin, jobId)
}

async function stopAll(signal: 'SIGTERM'): Promise<void> {
  await Promise.all(
    [...children].map(async (child) => {
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
    }),
  )
}

import { setTimeout as sleep } from 'node:timers/promises'
import { systemOrigin, transaction } from '../src/context.ts'
import type { JobHandler } from '../src/jobs/steps.ts'
import { newId } from '../src/lib/ids.ts'
import { enqueue } from '../src/services/provisioningQueues.ts'
import * as tenantService from '../src/services/tenantService.ts'
import { startWorker } from '../src/worker.ts'
import { execute, openBenchDatabase, type BenchDatabase } from './database.ts'
import { interleaved, median, medianRatio, ms, percentile, table, times } from './measure.ts'
import { depsOf } from './podListData.ts'

const KIND = 'bench'
const ROUNDS = 2
const FEW = 20_000
const MANY = 1_000_000
const DRAIN_MS = 8_000
const NOISE = 100_000
const GUESTS = 40
const CONCURRENCY = 16
/** How long a job of the noisy tenant takes. */
const JOB_MS = 20

type Deps = ReturnType<typeof depsOf>

function handlerOf(work: (payload: { guest?: number }) => Promise<void>): JobHandler<{ guest?: number }> {
  return {
    kind: KIND,
    parse: (payload) => payload as { guest?: number },
    steps: [{ name: 'only', title: 'The only step', idempotent: true, run: (run) => work(run.payload) }],
  }
}

const start = (deps: Deps, database: BenchDatabase, work: (payload: { guest?: number }) => Promise<void>) =>
  startWorker(deps.root, database.url, {
    concurrency: CONCURRENCY,
    handlers: new Map([[KIND, handlerOf(work) as unknown as JobHandler<never>]]),
  })

/** Ready jobs of one tenant, each of a resource of its own. */
async function fill(database: BenchDatabase, tenantId: string, jobs: number): Promise<void> {
  await execute(database.ownerUrl, 'truncate provisioning_jobs cascade')
  await execute(
    database.ownerUrl,
    `insert into provisioning_jobs (id, queue, kind, tenant_id, subject_type, subject_label, serial_key, seq, lane, priority,
      state, payload, idempotency_key, correlation_id, actor, max_attempts, created_at)
    select gen_random_uuid(), 'system', $1, $2, 'bench', 'waiting', 'waiting-' || i, nextval('provisioning_job_seq'), '', 100,
      'ready', '{}', 'waiting-' || i, gen_random_uuid()::text, '{"type": "system", "id": "bench", "label": "bench"}', 8,
      clock_timestamp() from generate_series(1, $3::int) i`,
    [KIND, tenantId, jobs],
  )
  await execute(database.ownerUrl, 'vacuum analyze')
}

/** Jobs a second while so many wait. */
async function rateAmong(
  deps: Deps,
  database: BenchDatabase,
  tenantId: string,
  jobs: number,
): Promise<number> {
  await fill(database, tenantId, jobs)
  const seen = { done: 0 }
  const worker = await start(deps, database, async () => void (seen.done += 1))
  const begun = performance.now()
  while (performance.now() - begun < DRAIN_MS && seen.done < jobs) await sleep(20)
  const rate = (seen.done * 1_000) / (performance.now() - begun)
  await worker.stop()
  return rate
}

/** How long single jobs of a quiet tenant wait while another has a hundred thousand ready. */
async function besideNoise(deps: Deps, database: BenchDatabase, noisy: string, quiet: string) {
  await fill(database, noisy, NOISE)
  const startedAt = new Map<number, number>()
  const seen = { done: 0 }
  const worker = await start(deps, database, async ({ guest }) => {
    if (guest !== undefined) startedAt.set(guest, performance.now())
    await sleep(JOB_MS)
    seen.done += 1
  })
  await sleep(2_000)
  const [before, since] = [seen.done, performance.now()]
  const sentAt: number[] = []
  for (let guest = 0; guest < GUESTS; guest++) {
    sentAt.push(performance.now())
    await transaction(deps.root, systemOrigin('bench', newId()), 'platform', (ctx) =>
      enqueue(ctx, {
        queue: 'system',
        kind: KIND,
        tenantId: quiet,
        subject: { type: 'bench', id: null, label: 'guest' },
        payload: { guest },
        serialKey: `guest-${guest}`,
      }),
    )
    await sleep(150)
  }
  const perSlotMs = (CONCURRENCY * (performance.now() - since)) / (seen.done - before)
  for (let waited = 0; startedAt.size < GUESTS && waited < 10_000; waited += 20) await sleep(20)
  await worker.stop()
  const waits = sentAt.map((at, guest) => (startedAt.get(guest) ?? Number.POSITIVE_INFINITY) - at)
  return { perSlotMs, p50: percentile(waits, 50), worst: Math.max(...waits) }
}

/** What much waiting work does to the rest: a million jobs to the throughput, a noisy tenant to another one. */
export async function queueLoad(): Promise<void> {
  const database = await openBenchDatabase()
  const deps = depsOf(database)
  try {
    const { noisy, quiet } = await transaction(
      deps.root,
      systemOrigin('bench', newId()),
      'platform',
      async (ctx) => {
        const add = async (slug: string) =>
          (await tenantService.create(ctx, { name: slug, slug, billingTz: 'UTC', defaultCurrency: 'EUR' })).id
        return { noisy: await add('noisy'), quiet: await add('quiet') }
      },
    )
    const rates = await interleaved(
      ROUNDS,
      [FEW, MANY].map((jobs) => ({
        name: String(jobs),
        measure: () => rateAmong(deps, database, noisy, jobs),
      })),
    )
    const [few, many] = [rates.get(String(FEW)) ?? [], rates.get(String(MANY)) ?? []]
    table(
      ['waiting', 'jobs/s', 'of the first'],
      [
        [String(FEW), median(few).toFixed(0), ''],
        [String(MANY), median(many).toFixed(0), times(medianRatio(many, few))],
      ],
    )
    const beside = await besideNoise(deps, database, noisy, quiet)
    console.log(
      `beside ${NOISE} jobs of another tenant: a job takes ${ms(beside.perSlotMs)} ms a slot; another tenant's waits p50 ${ms(beside.p50)} ms, at most ${ms(beside.worst)} ms`,
    )
  } finally {
    await deps.close()
    await database.close()
  }
}

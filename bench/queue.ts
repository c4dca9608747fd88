import { setTimeout as sleep } from 'node:timers/promises'
import { execute, openBenchDatabase } from './database.ts'
import { interleaved, median, medianRatio, ms, percentile, table, times, timed } from './measure.ts'
import { makeJobs, watch, type Engine } from './queue/engine.ts'
import { graphileWorker } from './queue/graphileWorker.ts'
import { ours } from './queue/ours.ts'
import { pgBoss } from './queue/pgBoss.ts'

const ROUNDS = 3
const JOBS = 10_000
const KEYS = 1_000
const BATCH = 500
const CONCURRENCY = 16
/** A side that has not drained by then is stopped; its rate is of what it did. */
const LIMIT_MS = 20_000
const RATE = 50
const LATENCY_JOBS = 250

type Drained = {
  perSecond: number
  enqueuedPerSecond: number
  done: number
  overlaps: number
  outOfOrder: number
}

let runs = 0

async function drain(engine: Engine): Promise<Drained> {
  const jobs = makeJobs(JOBS, KEYS, `drain${runs++}`)
  const { ms: enqueueMs } = await timed(async () => {
    for (let i = 0; i < jobs.length; i += BATCH) await engine.enqueue(jobs.slice(i, i + BATCH))
  })
  const { handle, seen } = watch()
  const begun = performance.now()
  const worker = await engine.work(CONCURRENCY, handle)
  while (seen.done < JOBS && performance.now() - begun < LIMIT_MS) await sleep(5)
  const tookMs = performance.now() - begun
  const figures = { ...seen }
  await worker.stop()
  if (figures.done < JOBS) await engine.clear()
  return {
    ...figures,
    perSecond: (figures.done * 1_000) / tookMs,
    enqueuedPerSecond: (JOBS * 1_000) / enqueueMs,
  }
}

/** Single jobs at a modest, fixed rate to a worker that is idle in between. */
async function latency(engine: Engine): Promise<number[]> {
  const { handle, startedAt, seen } = watch()
  const worker = await engine.work(CONCURRENCY, handle)
  const prefix = `latency${runs++}`
  const sentAt: number[] = []
  await sleep(1_000)
  const begun = performance.now()
  for (let i = 0; i < LATENCY_JOBS; i++) {
    await sleep(Math.max(0, begun + (i * 1_000) / RATE - performance.now()))
    sentAt.push(performance.now())
    await engine.enqueue([{ key: `${prefix}-${i}`, n: 0 }])
  }
  for (let waited = 0; seen.done < LATENCY_JOBS && waited < 5_000; waited += 20) await sleep(20)
  await worker.stop()
  return sentAt.map((at, i) => (startedAt.get(`${prefix}-${i} 0`) ?? Number.POSITIVE_INFINITY) - at)
}

export async function queue(): Promise<void> {
  const database = await openBenchDatabase()
  const engines: Engine[] = []
  try {
    engines.push(ours(database, 'run'), ours(database, 'commit'))
    engines.push(await graphileWorker(database, false), await graphileWorker(database, true))
    engines.push(await pgBoss(database, false), await pgBoss(database, true))
    console.log(
      `PostgreSQL ${database.version}, fsync on; ${JOBS} jobs of ${KEYS} keys, ${CONCURRENCY} at a time`,
    )
    const tidy = () => execute(database.ownerUrl, 'vacuum analyze')
    const drained = await interleaved(
      ROUNDS,
      engines.map((engine) => ({
        name: engine.name,
        measure: async () => {
          await tidy()
          return drain(engine)
        },
      })),
    )
    const waited = await interleaved(
      ROUNDS,
      engines.map((engine) => ({ name: engine.name, measure: () => latency(engine) })),
    )
    print(engines, drained, waited)
  } finally {
    for (const engine of engines) await engine.close()
    await database.close()
  }
}

function print(engines: Engine[], drained: Map<string, Drained[]>, waited: Map<string, number[][]>): void {
  const rates = (engine: Engine) => (drained.get(engine.name) ?? []).map((round) => round.perSecond)
  const [first] = engines
  const own = first ? rates(first) : []
  table(
    [
      'engine',
      'jobs/s',
      'mPanel is',
      'enqueued/s',
      'overlaps',
      'out of order',
      'start p50 ms',
      'start p99 ms',
    ],
    engines.map((engine) => {
      const rounds = drained.get(engine.name) ?? []
      const sum = (of: (round: Drained) => number) => rounds.reduce((total, round) => total + of(round), 0)
      const waits = waited.get(engine.name) ?? []
      return [
        engine.name,
        median(rates(engine)).toFixed(0),
        engine === first ? '' : times(medianRatio(own, rates(engine))),
        median(rounds.map((round) => round.enqueuedPerSecond)).toFixed(0),
        String(sum((round) => round.overlaps)),
        String(sum((round) => round.outOfOrder)),
        ms(median(waits.map((round) => percentile(round, 50)))),
        ms(median(waits.map((round) => percentile(round, 99)))),
      ]
    }),
  )
  for (const engine of engines) console.log(`  ${engine.name}: ${engine.mode}`)
}

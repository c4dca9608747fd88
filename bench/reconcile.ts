import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemOrigin, transaction, type Ctx } from '../src/context.ts'
import { newId } from '../src/lib/ids.ts'
import * as cloudPodQueues from '../src/services/cloudPodQueues.ts'
import * as seed from '../src/services/provisioning/seed.ts'
import * as tenantService from '../src/services/tenantService.ts'
import { startWorker } from '../src/worker.ts'
import { execute, openBenchDatabase } from './database.ts'
import { median, ms, table } from './measure.ts'
import { depsOf } from './podListData.ts'
import { guestConfigOf, NODES, PODS, podsSql, TOKEN } from './reconcileData.ts'

const ROUNDS = 5
/** So many guests are changed by hand before the second kind of round. */
const CHANGED = 100

/** Compares a whole cluster with the database: what it costs the worker's process, and how much memory that keeps. */
export async function reconcile(): Promise<void> {
  const cluster = fork(fileURLToPath(new URL('reconcileCluster.ts', import.meta.url)))
  const [{ url, fingerprint }] = (await once(cluster, 'message')) as [{ url: string; fingerprint: string }]
  const database = await openBenchDatabase()
  const deps = depsOf(database)
  const as = <T>(work: (ctx: Ctx) => Promise<T>): Promise<T> =>
    transaction(deps.root, systemOrigin('bench', newId()), 'platform', work)
  const made = await as(async (ctx) => {
    const tenant = await tenantService.create(ctx, {
      name: 'bench',
      slug: 'bench',
      billingTz: 'UTC',
      defaultCurrency: 'EUR',
    })
    const id = await seed.seedCluster(ctx, {
      name: 'bench',
      apiUrl: url,
      tokenId: TOKEN.id,
      tokenSecret: TOKEN.secret,
      caPem: null,
      fingerprint,
      simulated: true,
    })
    return { tenantId: tenant.id, id }
  })
  await execute(database.ownerUrl, `delete from provisioning_jobs_live`)
  await execute(database.ownerUrl, podsSql(made, made.tenantId))
  await execute(database.ownerUrl, 'vacuum analyze')
  const worker = await startWorker(deps.root, database.url, { timers: [] })

  /** One comparison, from its job to its end. */
  const round = async () => {
    const before = process.cpuUsage()
    const begun = performance.now()
    const { id } = await as((ctx) =>
      cloudPodQueues.enqueueReconcile(ctx, { id: made.id, name: 'bench' }, newId()),
    )
    for (;;) {
      const [job] = await execute<{ state: string }>(
        database.ownerUrl,
        `select state from provisioning_jobs where id = $1`,
        [id],
      )
      if (job?.state === 'succeeded') break
      if (performance.now() - begun > 120_000) throw new Error(`the comparison is ${job?.state}`)
      await sleep(100)
    }
    const { user, system } = process.cpuUsage(before)
    return {
      cpuMs: (user + system) / 1_000,
      wallMs: performance.now() - begun,
      heapMb: process.memoryUsage().rss / 2 ** 20,
    }
  }
  const findings = async () =>
    (
      await execute<{ n: number }>(
        database.ownerUrl,
        `select count(*)::int as n from findings where state = 'open'`,
      )
    )[0]?.n

  const rows: string[][] = []
  const measure = async (what: string, expected: number) => {
    await round()
    const figures = []
    for (let at = 0; at < ROUNDS; at++) figures.push(await round())
    const open = await findings()
    if (open !== expected) throw new Error(`${open} findings instead of ${expected}`)
    rows.push([
      what,
      ms(median(figures.map(({ cpuMs }) => cpuMs))),
      ms(median(figures.map(({ wallMs }) => wallMs))),
      ms(Math.max(...figures.map(({ heapMb }) => heapMb))),
    ])
  }
  await measure('nothing differs', 0)
  for (let index = 0; index < CHANGED; index++) {
    cluster.send({ vmid: guestConfigOf(index * 7).vmid, cores: '2' })
    await once(cluster, 'message')
  }
  await measure(`${CHANGED} guests changed by hand`, CHANGED)
  console.log(
    `${PODS} pods on ${NODES} nodes, median of ${ROUNDS} comparisons; CPU and memory of the worker's process.`,
  )
  table(['', 'CPU ms', 'from job to end, ms', 'resident MiB, at most'], rows)
  await worker.stop()
  await deps.close()
  await database.close()
  cluster.kill()
}

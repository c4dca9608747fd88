import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { actSteadily } from '../chaos/acting.ts'
import { openTenant } from '../chaos/customers.ts'
import { comeToRest, expectOneStory } from '../chaos/oracle.ts'
import { embeddedDatabase, openWorld, THIS_VERSION, type World } from '../chaos/world.ts'
import { freePort, mpanel } from '../start/process.ts'
import { until } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { orderSteadily } from './orders.ts'
import { startSwitch } from './switch.ts'
import { unpackVersion, versionBefore } from './versions.ts'

/** The revision that runs before the upgrade. */
const BEFORE = process.env['MPANEL_BEFORE'] ?? versionBefore()
/** How long each step of the upgrade is looked at. */
const QUIET_MS = 10_000
const WORKERS = 2

it(`from ${BEFORE} to this version, server by server and worker by worker under load, no request fails and no accepted order is lost or doubled`, async () => {
  const before = unpackVersion(BEFORE)
  const ports = { before: await freePort(), after: await freePort() }
  const front = await startSwitch([ports.before])
  const database = await embeddedDatabase()
  const servers = { ports: [ports.before], url: front.url }
  const world = await openWorld({ workers: WORKERS, database, servers, version: before })
  const failures = failuresOf(world)
  const phases: Record<string, number> = {}
  try {
    const load = await orderSteadily(world, 2)
    const others = [await openTenant(world, 12), await openTenant(world, 12)]
    const acting = actSteadily(world, others, 1)
    const phase = async (name: string): Promise<void> => {
      const sofar = load.accepted.length
      await sleep(QUIET_MS)
      phases[name] = load.accepted.length - sofar
    }
    await phase('before')
    const migration = mpanel(['migrate'], { DATABASE_URL: database.ownerUrl })
    expect(await migration.ended, migration.output()).toBe(0)
    await phase('before, on the new schema')
    world.start('new server', 'serve', THIS_VERSION, { MPANEL_PORT: String(ports.after) })
    for (let n = 0; n < WORKERS; n += 1) world.start(`new worker ${n}`, 'worker', THIS_VERSION)
    await until(async () => ready(ports.after), 'the new server', 180_000)
    front.lead([ports.before, ports.after])
    const working = await workersSeen(world, () => phase('side by side'))
    front.lead([ports.after])
    for (const part of ['server 0', 'worker 0', 'worker 1']) expect(await world.end(part), part).toBe(0)
    await phase('after')
    await acting.end()
    await load.end()
    const left = await comeToRest(world, 240_000)
    console.log(JSON.stringify({ accepted: phases, deeds: acting.deeds, working, ...left }))
    await load.expectAll()
    await expectOneStory(world, [...load.tenants, ...others.map(({ id }) => id)])
    expect(failures).toEqual([])
    expect(Object.entries(phases).filter(([, accepted]) => accepted === 0)).toEqual([])
    // Both versions did jobs on the same database.
    expect(working).toBe(2 * WORKERS)
  } finally {
    console.log(failures)
    await world.close()
    await front.close()
    await rm(before, { recursive: true, force: true })
  }
}, 900_000)

const ready = async (port: number): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok === true

/** What callers were answered that no upgrade may cause, or were not answered at all. */
function failuresOf(world: World): string[] {
  const failures: string[] = []
  const asked = { ...world.admin }
  world.admin.get = (path) => world.admin.call('GET', path)
  world.admin.call = async <T>(
    method: string,
    path: string,
    ...more: [unknown?, Record<string, string>?]
  ) => {
    try {
      const answer = await asked.call<T>(method, path, ...more)
      if (answer.status >= 500) failures.push(`${method} ${path}: ${answer.status}`)
      return answer
    } catch (error) {
      failures.push(`${method} ${path}: ${String(error)}`)
      throw error
    }
  }
  return failures
}

/** How many workers held jobs during a time. */
async function workersSeen(world: World, time: () => Promise<void>): Promise<number> {
  const seen = new Set<string>()
  const over = new AbortController()
  const looking = (async () => {
    while (!over.signal.aborted) {
      const rows = await rowsOf(
        world,
        sql<{
          name: string
        }>`select distinct lease_owner as name from provisioning_jobs_live where state = 'running'`,
      )
      for (const { name } of rows) seen.add(name)
      await sleep(50)
    }
  })()
  await time()
  over.abort()
  await looking
  return seen.size
}

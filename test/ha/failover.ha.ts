import { mkdtemp, rm } from 'node:fs/promises'
import { chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { comeToRest, expectOneStory } from '../chaos/oracle.ts'
import { openWorld, type World, type WorldDatabase } from '../chaos/world.ts'
import { freePort } from '../start/process.ts'
import { startProxy } from './haproxy.ts'
import { orderSteadily, type Accepted } from './orders.ts'
import { prepareDatabase, startPatroni, untilWritable, type Patroni } from './patroni.ts'
import { missingPrograms } from './processes.ts'

// Two servers and three workers behind HAProxy, on a PostgreSQL of two nodes under Patroni. How often its primary is lost:
const LOSSES = Number(process.env['MPANEL_HA_LOSSES'] ?? 2)
const TENANTS = 3
/** How long each part of the test is looked at. */
const QUIET_MS = 10_000

it(`after the primary was lost ${LOSSES} times under load no accepted order is lost, none is doubled, and each time orders were taken again within 30 seconds`, async () => {
  const missing = missingPrograms()
  if (missing) throw new Error(missing)
  const { world, patroni } = await openHighlyAvailable()
  try {
    const load = await orderSteadily(world, TENANTS)
    const outages: number[] = []
    for (let loss = 0; loss < LOSSES; loss += 1) {
      await sleep(QUIET_MS)
      outages.push(await losePrimary(patroni, load.accepted))
    }
    await sleep(QUIET_MS)
    await load.end()
    const left = await comeToRest(world, 240_000)
    console.log(JSON.stringify({ accepted: load.accepted.length, outagesMs: outages, ...left }))
    await load.expectAll()
    await expectOneStory(world, load.tenants)
    expect(outages.filter((ms) => ms > 30_000)).toEqual([])
  } finally {
    await world.close()
  }
}, 1_200_000)

/** Kills the node that writes, and brings its machine back when the other one has taken over. @returns how long nothing was accepted */
async function losePrimary(patroni: Patroni, accepted: readonly Accepted[]): Promise<number> {
  await patroni.whole()
  const lost = await patroni.primary()
  if (!lost) throw new Error('there is no primary to lose')
  const before = accepted.length
  const at = Date.now()
  await lost.kill()
  // The first answers may have been on their way already.
  const next = (): Accepted | undefined => accepted.slice(before).find((one) => one.at > at + 2_000)
  while (next() === undefined && Date.now() - at < 180_000) await sleep(100)
  const again = next()
  if (!again) throw new Error('no order was accepted within three minutes')
  lost.start()
  return again.at - at
}

async function openHighlyAvailable(): Promise<{ world: World; patroni: Patroni }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mpanel-ha-'))
  chmodSync(dataDir, 0o711)
  const patroni = await startPatroni(dataDir)
  const primary = await patroni.primary()
  const password = await prepareDatabase(primary?.port ?? 0, patroni.superuserPassword)
  const ports = [await freePort(), await freePort()]
  const proxy = await startProxy(dataDir, patroni.nodes, ports)
  const as = (login: string) => `postgres://${login}:${password}@127.0.0.1:${proxy.databasePort}/mpanel`
  const database: WorldDatabase = {
    dataDir,
    url: as('panel'),
    ownerUrl: as('panel_owner'),
    kill: async () => (await patroni.primary())?.kill(),
    stop: async () => {
      await proxy.stop()
      await patroni.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
  await untilWritable(database.url)
  const servers = { ports, url: `http://127.0.0.1:${proxy.httpPort}` }
  const world = await openWorld({ workers: 3, database, servers }).catch(async (error: unknown) => {
    await database.stop()
    throw error
  })
  return { world, patroni }
}

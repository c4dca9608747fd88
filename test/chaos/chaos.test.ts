import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { actSteadily, count, PACE_MS } from './acting.ts'
import { insist, openTenant, type Deeds } from './customers.ts'
import { strike } from './faults.ts'
import { comeToRest, expectOneStory } from './oracle.ts'
import { randomOf } from './random.ts'
import { openWorld } from './world.ts'

// A small run with the other tests; `npm run chaos` makes it long. The seed is printed, and given back it repeats the
// same deeds and faults: their moments differ, as those of real ones do.
const FAULTS = Number(process.env['MPANEL_CHAOS_FAULTS'] ?? 30)
const SEED = Number(process.env['MPANEL_CHAOS_SEED'] ?? Date.now() % 1_000_000)
const TENANTS = 4
const WORKERS = 2

it(
  `after ${FAULTS} faults and as many deeds of ${TENANTS} tenants everything tells one story (seed ${SEED})`,
  async () => {
    const world = await openWorld({ workers: WORKERS })
    const faults: Deeds = {}
    try {
      const tenants = []
      for (let n = 0; n < TENANTS; n += 1) tenants.push(await openTenant(world, 12))
      const acting = actSteadily(world, tenants, SEED)
      const random = randomOf(SEED)
      for (let n = 0; n < FAULTS; n += 1) {
        count(faults, await strike(world, random))
        await sleep(random.between(PACE_MS.from, PACE_MS.to) / 2)
      }
      await acting.end()
      world.sim.control.clearFaults()
      for (const { id } of tenants) await insist(world, `/api/admin/tenants/${id}/restore`, {})
      const left = await comeToRest(world, 180_000)
      console.log(JSON.stringify({ seed: SEED, faults, deeds: acting.deeds, ...left }))
      await expectOneStory(
        world,
        tenants.map(({ id }) => id),
      )
      expect(Object.values(faults).reduce((sum, n) => sum + n, 0)).toBe(FAULTS)
      expect(acting.deeds['order']).toBeGreaterThan(0)
    } finally {
      await world.close()
    }
  },
  120_000 + 240_000 + FAULTS * 2_000,
)

import { setTimeout as sleep } from 'node:timers/promises'
import { act, type Deeds, type Tenant } from './customers.ts'
import { randomOf } from './random.ts'
import type { World } from './world.ts'

export const PACE_MS = { from: 50, to: 450 }

export const count = (counts: Deeds, name: string): void => void (counts[name] = (counts[name] ?? 0) + 1)

type Acting = { deeds: Deeds; end(): Promise<void> }

/** Tenants that do one thing after the other by chance, each by a seed of its own, until it is ended. */
export function actSteadily(world: World, tenants: readonly Tenant[], seed: number): Acting {
  const deeds: Deeds = {}
  const ended = new AbortController()
  const acting = tenants.map(async (tenant, n) => {
    const random = randomOf(seed + n + 1)
    while (!ended.signal.aborted) {
      count(deeds, await act(world, tenant, random))
      await sleep(random.between(PACE_MS.from, PACE_MS.to))
    }
  })
  return {
    deeds,
    end: async () => {
      ended.abort()
      await Promise.all(acting)
    },
  }
}

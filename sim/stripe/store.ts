import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { World } from './model.ts'

const MAPS = ['keys', 'customers', 'methods', 'intents', 'refunds', 'disputes', 'sessions', 'setups'] as const

/** The state is kept in a file, so that a restart finds what there was. */
export function keep(world: World, stateFile: string | undefined): void {
  if (stateFile === undefined) return
  mkdirSync(dirname(stateFile), { recursive: true })
  const maps = Object.fromEntries(MAPS.map((name) => [name, [...world[name].entries()]]))
  writeFileSync(stateFile, JSON.stringify({ ...world, ...maps, events: world.events.slice(-1_000) }), {
    mode: 0o600,
  })
}

export function kept(stateFile: string | undefined): World | undefined {
  if (stateFile === undefined) return undefined
  try {
    const found = JSON.parse(readFileSync(stateFile, 'utf8')) as Record<string, unknown>
    const maps = Object.fromEntries(MAPS.map((name) => [name, new Map(found[name] as [string, never][])]))
    return { ...(found as unknown as World), ...maps }
  } catch {
    return undefined
  }
}

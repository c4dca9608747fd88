import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startWhmcsSim, type WhmcsSim } from '../sim/whmcs/server.ts'
import { randomToken } from './lib/crypto.ts'

/**
 * A simulated WHMCS with a small shop, whose state is kept in the data folder like that of the other simulated systems. Nobody uses
 * it before somebody adds it under Payment providers.
 */
export async function simulateWhmcs(
  dataDir: string,
  now: () => Date,
  say: (line: string) => void,
): Promise<WhmcsSim> {
  const folder = join(dataDir, 'sim')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'whmcs-secrets.json')
  if (!existsSync(path))
    writeFileSync(path, JSON.stringify({ secret: randomToken(12), port: 0 }), { mode: 0o600 })
  const { secret, port } = JSON.parse(readFileSync(path, 'utf8')) as { secret: string; port: number }
  const options = {
    identifier: 'mpanel',
    secret,
    stateFile: join(folder, 'whmcs.json'),
    example: true,
    now,
  } as const
  // Its address is typed by a person, so it stays the same from start to start, unless somebody else has taken it.
  const sim = await startWhmcsSim({ ...options, port }).catch(() => startWhmcsSim(options))
  writeFileSync(path, JSON.stringify({ secret, port: Number(new URL(sim.url).port) }), { mode: 0o600 })
  say(`simulated WHMCS at ${sim.url}, identifier mpanel, secret ${secret} (no PROXMOX_URL is set)`)
  return sim
}

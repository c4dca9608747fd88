import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { exampleCluster, startProxmoxSim } from '../../sim/proxmox/server.ts'
import type { ClusterSeed, ProxmoxSim } from '../../sim/proxmox/server.ts'
import { withToken } from './simClient.ts'
import type { Api } from './simClient.ts'

/** A fresh example cluster for each test, and short words for what the tests do with it. */

export const TOKEN = 'mpanel@pve!panel'
export const seed = exampleCluster({ rootPassword: 'root-password', tokenSecret: 'token-secret' })
export const reset = /ECONNRESET|socket hang up|other side closed|cut off/

export type Bench = {
  sim: ProxmoxSim
  api: Api
  /** Removed after the test. */
  folder: string
  restart: (more?: { stateFile?: string; seed?: ClusterSeed }) => Promise<void>
  clone: (newid: number, more?: Values) => ReturnType<Api['post']>
  /** Clones and gives the task's exit status. */
  cloned: (newid: number, more?: Values) => Promise<string>
  guest: (vmid: number) => ReturnType<ProxmoxSim['control']['guests']>[number] | undefined
  /** Waits for something the simulator will show by itself. */
  until: (seen: () => boolean) => Promise<void>
}

type Values = Record<string, string | number>

export function useBench(): Bench {
  const bench = {} as Bench
  const open = async (more: { stateFile?: string; seed?: ClusterSeed } = {}) => {
    bench.sim = await startProxmoxSim({ seed, controlToken: 'control', ...more })
    bench.api = withToken(bench.sim, `${TOKEN}=token-secret`)
  }
  bench.restart = async (more) => {
    await bench.sim.close()
    await open(more)
  }
  bench.clone = (newid, more = {}) =>
    bench.api.post('/nodes/pve1/qemu/9000/clone', { newid, name: `vm${newid}`, full: 1, ...more })
  bench.cloned = async (newid, more) => bench.api.exit((await bench.clone(newid, more)).body?.data as string)
  bench.guest = (vmid) => bench.sim.control.guests().find((one) => one.vmid === vmid)
  bench.until = async (seen) => {
    while (!seen()) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  beforeEach(async () => {
    bench.folder = mkdtempSync(join(tmpdir(), 'proxmox-sim-'))
    await open()
  })
  afterEach(async () => {
    await bench.sim.close()
    rmSync(bench.folder, { recursive: true, force: true })
  })
  return bench
}

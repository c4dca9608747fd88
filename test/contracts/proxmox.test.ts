import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exampleCluster, startProxmoxSim } from '../../sim/proxmox/server.ts'
import type { ProxmoxSim } from '../../sim/proxmox/server.ts'
import { createWorld, proxmoxChecks, sweep } from './proxmox.ts'
import type { World } from './proxmox.ts'

const token = { id: 'mpanel@pve!panel', secret: '6f0d1e5c-0000-4000-8000-5ec4e70c0de5' }

let sim: ProxmoxSim
let world: World

beforeAll(async () => {
  sim = await startProxmoxSim({
    seed: exampleCluster({ rootPassword: 'root secret', tokenId: token.id, tokenSecret: token.secret }),
  })
  world = createWorld({
    connection: { url: sim.url, token, ca: sim.caPem },
    node: 'pve1',
    storage: 'local-lvm',
    templateVmid: 9010,
    ctTemplate: 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst',
    backupStorage: 'local',
    vmids: { from: 9100, to: 9199 },
    pollMs: 5,
    taskTimeoutMs: 10_000,
  })
})

afterAll(() => sim?.close())

describe('the simulated cluster keeps the contract', () => {
  for (const check of proxmoxChecks) test(check.name, () => check.run(world))

  test('nothing is left behind', async () => {
    await sweep(world)
    const left = sim.control.guests().filter(({ vmid }) => vmid >= 9100 && vmid <= 9199)
    expect(left).toEqual([])
  })
})

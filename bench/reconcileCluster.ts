// A simulated cluster of many nodes and guests, in a process of its own: what it uses is not what is measured.
import { startProxmoxSim } from '../sim/proxmox/server.ts'
import { guestConfigOf, NODES, nodeOf, PODS, TOKEN } from './reconcileData.ts'

const sim = await startProxmoxSim({
  // Every guest has sent and received something since the last comparison.
  activityBps: 1_000,
  seed: {
    name: 'bench',
    nodes: Array.from({ length: NODES }, (_, index) => ({
      name: nodeOf(index),
      cores: 64,
      memoryMb: 2 ** 20,
    })),
    storages: [
      { name: 'shared', type: 'rbd', content: ['images', 'rootdir'], sizeGb: 1_000_000, shared: true },
    ],
    tokens: [{ ...TOKEN, privsep: false }],
    acl: [{ path: '/', to: 'mpanel@pve', role: 'Administrator' }],
  },
})
for (let index = 0; index < PODS; index++) {
  const { vmid, name, config } = guestConfigOf(index)
  sim.control.createGuest({ vmid, name, node: nodeOf(index % NODES), power: 'running', config })
}
process.on('message', (change: { vmid: number; cores: string }) => {
  sim.control.changeGuest(change.vmid, { config: { cores: change.cores } })
  process.send?.('changed')
})
process.send?.({ url: sim.url, fingerprint: sim.fingerprint })

import { expectEqual, expectOk, expectRejected } from './expect.ts'
import { configOf, ensurePower, newVm, removeGuest, statusOf, succeeds } from './world.ts'
import type { Check, World } from './world.ts'

/** Another node that is up; a cluster of one has none, and nothing is checked there. */
async function otherNode(world: World): Promise<string | undefined> {
  const nodes = expectOk('nodes', await world.proxmox.nodes())
  return nodes.find(({ name, status }) => name !== world.node && status === 'online')?.name
}

export const migrationChecks: Check[] = [
  {
    name: 'a VM that is off moves to another node with its disk, and one that runs only where that is asked for',
    async run(world) {
      const target = await otherNode(world)
      if (target === undefined) return
      const guest = await newVm(world, 'contract-moves')
      const { diskGb } = await configOf(world, guest)
      const request = { target, online: false, storage: world.storage, shutdownSeconds: 30 }
      await ensurePower(world, guest, 'running')
      expectRejected('migrate', await world.proxmox.migrate(guest, request), ['conflict'])
      await ensurePower(world, guest, 'stopped')
      await succeeds(world, 'migrate', await world.proxmox.migrate(guest, request))
      const there = expectOk('locate', await world.proxmox.locate(guest.vmid))
      expectEqual('node', there?.node, target)
      const moved = { ...guest, node: target }
      const config = await configOf(world, moved)
      expectEqual('disk and lock', [config.diskGb, config.lock], [diskGb, null])
      expectEqual('power', await statusOf(world, moved), 'stopped')
      await removeGuest(world, moved)
    },
  },
  {
    name: 'a guest that the high availability does not look after has no state there',
    async run(world) {
      const guest = { node: world.node, kind: 'vm' as const, vmid: world.templateVmid }
      expectEqual('state', expectOk('haState', await world.proxmox.haState(guest)), null)
      expectEqual('managed', expectOk('status', await world.proxmox.status(guest)).managed, false)
    },
  },
]

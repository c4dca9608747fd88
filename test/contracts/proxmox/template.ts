import { identityOptions, unconvertedDisks } from '../../../src/integrations/proxmox/guestConfig.ts'
import { expectEqual, expectFailureNaming, expectRejected } from './expect.ts'
import {
  configOf,
  endOf,
  ensurePower,
  newMarker,
  newVm,
  newVmid,
  removeGuest,
  statusOf,
  succeeds,
} from './world.ts'
import type { Check } from './world.ts'

export const templateChecks: Check[] = [
  {
    name: 'a VM loses its cards and what cloud-init is told, and becomes a template of base images, once',
    async run(world) {
      const guest = await newVm(world, 'contract-template')
      await ensurePower(world, guest, 'running')
      const running = await world.proxmox.makeTemplate(guest, null)
      expectFailureNaming('makeTemplate', await endOf(world, 'makeTemplate', running), 'running')
      await ensurePower(world, guest, 'stopped')
      const { raw } = await configOf(world, guest)
      const remove = identityOptions(raw)
      expectEqual('net0', remove.includes('net0'), true)
      await succeeds(world, 'configure', await world.proxmox.configure(guest, { onboot: false }, { remove }))
      await succeeds(world, 'makeTemplate', await world.proxmox.makeTemplate(guest, null))
      const made = await configOf(world, guest)
      expectEqual('template', made.template, true)
      expectEqual('identity', identityOptions(made.raw), [])
      expectEqual('disks that are no base images', unconvertedDisks(made.raw), [])
      expectEqual('status', await statusOf(world, guest), 'stopped')
      expectRejected('makeTemplate', await world.proxmox.makeTemplate(guest, null), ['refused'])
      await removeGuest(world, guest)
    },
  },
  {
    name: 'a template of base images is copied, and goes while its full copy stays',
    async run(world) {
      const guest = await newVm(world, 'contract-base')
      await succeeds(world, 'makeTemplate', await world.proxmox.makeTemplate(guest, null))
      const vmid = await newVmid(world)
      const copy = { node: world.node, kind: 'vm' as const, vmid }
      const request = {
        node: world.node,
        templateVmid: guest.vmid,
        newVmid: vmid,
        name: 'contract-copy',
        description: newMarker(world),
        storage: world.storage,
      }
      await succeeds(world, 'clone', await world.proxmox.clone(request))
      await removeGuest(world, guest)
      const config = await configOf(world, copy)
      expectEqual('template', config.template, false)
      await removeGuest(world, copy)
    },
  },
]

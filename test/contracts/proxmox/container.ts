import { ctNet0, parseNet0 } from '../../../src/integrations/proxmox/guestConfig.ts'
import type { CreateContainerRequest, GuestRef } from '../../../src/integrations/proxmox/types.ts'
import {
  expectEqual,
  expectFailureNaming,
  expectOk,
  expectRejected,
  expectThat,
  failureCode,
} from './expect.ts'
import {
  bridgeOf,
  configOf,
  endOf,
  ensurePower,
  newMarker,
  newVmid,
  removeGuest,
  statusOf,
  succeeds,
} from './world.ts'
import type { Check, World } from './world.ts'

const MAC = 'BC:24:11:C0:DE:02'

async function requestFor(world: World, vmid: number, more: Partial<CreateContainerRequest> = {}) {
  return {
    node: world.node,
    vmid,
    hostname: 'contract-ct',
    description: newMarker(world),
    ostemplate: world.ctTemplate ?? '',
    storage: world.storage,
    diskGb: 1,
    cores: 1,
    memoryMb: 128,
    net0: ctNet0({ mac: MAC, bridge: await bridgeOf(world), ip: '192.0.2.6/24', gw: '192.0.2.1' }),
    tags: ['mpanel', 'contract'],
    ...more,
  }
}

async function newCt(world: World, more: Partial<CreateContainerRequest> = {}): Promise<GuestRef> {
  const request = await requestFor(world, await newVmid(world), more)
  await succeeds(world, 'create', await world.proxmox.createContainer(request))
  return { node: world.node, kind: 'ct', vmid: request.vmid }
}

export const sharedCt = (world: World): Promise<GuestRef> => (world.ct ??= newCt(world))

async function powered(world: World, wanted: 'running' | 'stopped'): Promise<GuestRef> {
  const guest = await sharedCt(world)
  await ensurePower(world, guest, wanted)
  return guest
}

const creation: Omit<Check, 'needs'>[] = [
  {
    name: 'a new container carries mark, name, size, address and tags',
    async run(world) {
      const description = newMarker(world)
      const guest = await newCt(world, { description })
      const config = await configOf(world, guest)
      expectEqual('description', config.description.trim(), description)
      expectEqual('name', config.name, 'contract-ct')
      expectEqual('size', [config.cores, config.memoryMb, config.diskKey], [1, 128, 'rootfs'])
      expectEqual('tags', config.tags.toSorted(), ['contract', 'mpanel'])
      const { mac, ip, gw } = parseNet0(config.net0) ?? {}
      expectEqual('net0', { mac, ip, gw }, { mac: MAC, ip: '192.0.2.6/24', gw: '192.0.2.1' })
      expectEqual('unprivileged', config.raw.unprivileged, '1')
      expectEqual('locate', expectOk('locate', await world.proxmox.locate(guest.vmid)), guest)
      await removeGuest(world, guest)
    },
  },
  {
    name: 'a container on a taken VMID exists already, and changes nothing',
    async run(world) {
      const guest = await sharedCt(world)
      const before = await configOf(world, guest)
      const outcome = await world.proxmox.createContainer(await requestFor(world, guest.vmid))
      expectEqual('code', failureCode('create', await endOf(world, 'create', outcome)), 'exists')
      expectEqual('digest', (await configOf(world, guest)).digest, before.digest)
    },
  },
  {
    name: 'a container from a template that does not exist fails and leaves the VMID free',
    async run(world) {
      const vmid = await newVmid(world)
      const storage = world.ctTemplate?.split(':')[0]
      const request = await requestFor(world, vmid, { ostemplate: `${storage}:vztmpl/no-such.tar.gz` })
      const end = await endOf(world, 'create', await world.proxmox.createContainer(request))
      expectFailureNaming('create', end, 'no-such.tar.gz')
      expectEqual('vmidFree', expectOk('vmidFree', await world.proxmox.vmidFree(vmid)), true)
    },
  },
  {
    name: 'a host name that is none is invalid, and named',
    async run(world) {
      const request = await requestFor(world, await newVmid(world), { hostname: 'bad_host' })
      const { errors } = expectRejected('create', await world.proxmox.createContainer(request), ['invalid'])
      expectThat('errors', errors?.hostname !== undefined, 'an error for hostname', errors)
    },
  },
]

const configuration: Omit<Check, 'needs'>[] = [
  {
    name: 'configuring a container is done at once, and what it set is read back',
    async run(world) {
      const guest = await powered(world, 'stopped')
      const outcome = await world.proxmox.configure(guest, {
        cores: 2,
        memory: 192,
        hostname: 'contract-two',
      })
      expectEqual('configure', outcome, { outcome: 'ok', value: null })
      const { cores, memoryMb, name } = await configOf(world, guest)
      expectEqual('config', { cores, memoryMb, name }, { cores: 2, memoryMb: 192, name: 'contract-two' })
    },
  },
  {
    name: 'an option that a container does not have is invalid, and named',
    async run(world) {
      const outcome = await world.proxmox.configure(await sharedCt(world), { ciuser: 'deb' })
      const { errors } = expectRejected('configure', outcome, ['invalid'])
      expectThat('errors', errors?.ciuser !== undefined, 'an error for ciuser', errors)
    },
  },
  {
    name: 'another digest of a container is a conflict',
    async run(world) {
      const outcome = await world.proxmox.configure(
        await sharedCt(world),
        { cores: 4 },
        { digest: '0'.repeat(40) },
      )
      expectRejected('configure', outcome, ['conflict'])
    },
  },
  {
    name: 'the disk of a container grows to an absolute size, stays there, and never shrinks',
    async run(world) {
      const guest = await powered(world, 'stopped')
      const size = Math.ceil((await configOf(world, guest)).diskGb ?? 0) + 1
      const { proxmox } = world
      await succeeds(world, 'grow', await proxmox.resizeDisk(guest, 'rootfs', size))
      const again = await proxmox.resizeDisk(guest, 'rootfs', size)
      if (again.outcome !== 'ok') await succeeds(world, 'again', again)
      const shrink = await endOf(world, 'shrink', await proxmox.resizeDisk(guest, 'rootfs', size - 1))
      expectEqual('code', failureCode('shrink', shrink), 'refused')
      expectEqual('size', (await configOf(world, guest)).diskGb, size)
    },
  },
]

const life: Omit<Check, 'needs'>[] = [
  {
    name: 'a started container is running',
    async run(world) {
      const guest = await powered(world, 'stopped')
      await succeeds(world, 'start', await world.proxmox.start(guest))
      expectEqual('status', await statusOf(world, guest), 'running')
    },
  },
  {
    name: 'a running container takes cores and memory over at once: nothing is pending',
    async run(world) {
      const guest = await powered(world, 'running')
      expectOk('configure', await world.proxmox.configure(guest, { cores: 1, memory: 256 }))
      expectEqual('pending', expectOk('pending', await world.proxmox.pending(guest)), [])
      const { cores, memoryMb } = await configOf(world, guest)
      expectEqual('config', { cores, memoryMb }, { cores: 1, memoryMb: 256 })
    },
  },
  {
    name: 'starting or destroying a running container is a conflict, and it keeps running',
    async run(world) {
      const guest = await powered(world, 'running')
      expectRejected('start', await world.proxmox.start(guest), ['conflict'])
      expectRejected('destroy', await world.proxmox.destroy(guest), ['conflict'])
      expectEqual('status', await statusOf(world, guest), 'running')
    },
  },
  {
    name: 'a container that is shut down is off',
    async run(world) {
      const guest = await powered(world, 'running')
      await succeeds(world, 'shutdown', await world.proxmox.shutdown(guest, 30))
      expectEqual('status', await statusOf(world, guest), 'stopped')
    },
  },
  {
    name: 'stopping or rebooting a container that is off is a conflict',
    async run(world) {
      const guest = await powered(world, 'stopped')
      for (const outcome of [await world.proxmox.stop(guest), await world.proxmox.reboot(guest, 5)]) {
        expectEqual('code', failureCode('call', await endOf(world, 'call', outcome)), 'conflict')
      }
    },
  },
  {
    name: 'a snapshot of a container is taken, rolled back to and removed, or its storage has none and the task says so',
    async run(world) {
      const guest = await powered(world, 'running')
      const taken = await endOf(world, 'snapshot', await world.proxmox.takeSnapshot(guest, 'first', ''))
      const listed = async () => expectOk('snapshots', await world.proxmox.snapshots(guest))
      if ('state' in taken && taken.state === 'ok') {
        expectEqual('basedOn', (await listed()).basedOn, 'first')
        await succeeds(world, 'rollback', await world.proxmox.rollback(guest, 'first'))
        expectEqual('status', await statusOf(world, guest), 'stopped')
        await succeeds(world, 'remove', await world.proxmox.removeSnapshot(guest, 'first'))
      } else expectEqual('code', failureCode('snapshot', taken), 'refused')
      expectEqual('after', await listed(), { snapshots: [], basedOn: null })
    },
  },
  {
    name: 'a destroyed container is gone: its VMID is free and its configuration missing',
    async run(world) {
      const guest = await newCt(world)
      await succeeds(world, 'destroy', await world.proxmox.destroy(guest))
      expectEqual('vmidFree', expectOk('vmidFree', await world.proxmox.vmidFree(guest.vmid)), true)
      expectRejected('config', await world.proxmox.config(guest), ['missing', 'forbidden'])
    },
  },
]

export const containerChecks: Check[] = [...creation, ...configuration, ...life].map((check) => ({
  ...check,
  needs: 'container' as const,
}))

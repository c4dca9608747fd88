import { ipConfig0, parseNet0, vmNet0 } from '../../../src/integrations/proxmox/guestConfig.ts'
import type { GuestOptions } from '../../../src/integrations/proxmox/types.ts'
import {
  Differs,
  expectEqual,
  expectFailureNaming,
  expectOk,
  expectPending,
  expectRejected,
  expectThat,
  failureCode,
} from './expect.ts'
import { bridgeOf, configOf, endOf, ensurePower, newMarker, sharedVm, succeeds } from './world.ts'
import type { Check, World } from './world.ts'

/** Changes options of the shared VM and reads them back. */
async function changed(world: World, options: GuestOptions, remove?: string[]) {
  const guest = await sharedVm(world)
  await ensurePower(world, guest, 'stopped')
  await succeeds(world, 'configure', await world.proxmox.configure(guest, options, { remove }))
  return configOf(world, guest)
}

async function rootDisk(world: World): Promise<{ key: string; sizeGb: number }> {
  const { diskKey, diskGb } = await configOf(world, await sharedVm(world))
  if (diskKey === null || diskGb === null)
    throw new Differs('root disk', 'a disk with a size', { diskKey, diskGb })
  return { key: diskKey, sizeGb: Math.ceil(diskGb) }
}

const accepted: Check[] = [
  {
    name: 'configuring a VM is a task, and what it set is read back',
    async run(world) {
      const config = await changed(world, {
        cores: 2,
        memory: 384,
        name: 'contract-vm',
        tags: 'mpanel;contract',
      })
      expectEqual('cores', config.cores, 2)
      expectEqual('memory', config.memoryMb, 384)
      expectEqual('tags', config.tags.toSorted(), ['contract', 'mpanel'])
    },
  },
  {
    name: 'no character of a description is lost on its way',
    async run(world) {
      const description = `${newMarker(world)}\na=b; c&d + 100 % "ü" 'x' (y) #z\nlast line`
      const config = await changed(world, { description })
      expectEqual('description', config.description.trimEnd(), description)
    },
  },
  {
    name: 'cloud-init addresses, user and keys are read back as they were set',
    async run(world) {
      const sshkeys = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ2pDmVbkpQVNAJXBHZ7sAjnfzcXIoJ4UGQ6dSpnGSZ a+b@c'
      const ipconfig0 = ipConfig0({ ip: '192.0.2.5/24', gw: '192.0.2.1' })
      const { raw } = await changed(world, { ciuser: 'deb', sshkeys, ipconfig0 })
      expectEqual('ipconfig0', raw.ipconfig0, ipconfig0)
      expectEqual('ciuser', raw.ciuser, 'deb')
      expectEqual('sshkeys', decodeURIComponent(raw.sshkeys ?? '').trim(), sshkeys)
    },
  },
  {
    name: 'an option that is removed is gone',
    async run(world) {
      await changed(world, { ciuser: 'deb', onboot: true })
      const { raw } = await changed(world, {}, ['ciuser', 'onboot'])
      expectEqual('ciuser', raw.ciuser, undefined)
      expectEqual('onboot', raw.onboot, undefined)
    },
  },
  {
    name: 'net0 keeps the MAC and the rate it was given',
    async run(world) {
      const bridge = await bridgeOf(world)
      const { net0 } = await changed(world, {
        net0: vmNet0({ mac: 'bc:24:11:c0:de:01', bridge, rateMbs: 12.5 }),
      })
      const { mac, bridge: there, rateMbs } = parseNet0(net0) ?? {}
      expectEqual('net0', { mac, there, rateMbs }, { mac: 'BC:24:11:C0:DE:01', there: bridge, rateMbs: 12.5 })
    },
  },
  {
    name: 'the right digest lets a change through',
    async run(world) {
      const guest = await sharedVm(world)
      const { digest } = await configOf(world, guest)
      const outcome = await world.proxmox.configure(guest, { cores: 1 }, { digest })
      await succeeds(world, 'configure', outcome)
      expectEqual('cores', (await configOf(world, guest)).cores, 1)
    },
  },
]

const refused: Check[] = [
  {
    name: 'another digest is a conflict, and nothing changes',
    async run(world) {
      const guest = await sharedVm(world)
      const before = await configOf(world, guest)
      const outcome = await world.proxmox.configure(guest, { cores: 4 }, { digest: '0'.repeat(40) })
      expectEqual('code', failureCode('configure', await endOf(world, 'configure', outcome)), 'conflict')
      expectEqual('digest', (await configOf(world, guest)).digest, before.digest)
    },
  },
  {
    name: 'an option that Proxmox does not know is invalid, and named',
    async run(world) {
      const outcome = await world.proxmox.configure(await sharedVm(world), { nosuchoption: 1, cores: 4 })
      const { errors } = expectRejected('configure', outcome, ['invalid'])
      expectThat('errors', errors?.nosuchoption !== undefined, 'an error for nosuchoption', errors)
    },
  },
  {
    name: 'a value of the wrong kind is invalid, and named',
    async run(world) {
      const outcome = await world.proxmox.configure(await sharedVm(world), { cores: 'abc', memory: -1 })
      const { errors } = expectRejected('configure', outcome, ['invalid'])
      expectEqual('errors', Object.keys(errors ?? {}).toSorted(), ['cores', 'memory'])
    },
  },
]

const disk: Check[] = [
  {
    name: 'a disk grows to the absolute size it is given',
    async run(world) {
      const { key, sizeGb } = await rootDisk(world)
      const guest = await sharedVm(world)
      const outcome = await world.proxmox.resizeDisk(guest, key, sizeGb + 1)
      expectPending('resize', outcome)
      await succeeds(world, 'resize', outcome)
      expectEqual('size', (await configOf(world, guest)).diskGb, sizeGb + 1)
    },
  },
  {
    name: 'a disk that has the size already is left alone',
    async run(world) {
      const { key, sizeGb } = await rootDisk(world)
      await succeeds(world, 'grow', await world.proxmox.resizeDisk(await sharedVm(world), key, sizeGb))
      await succeeds(world, 'again', await world.proxmox.resizeDisk(await sharedVm(world), key, sizeGb))
      expectEqual('size', await rootDisk(world), { key, sizeGb })
    },
  },
  {
    name: 'a disk never shrinks',
    async run(world) {
      const guest = await sharedVm(world)
      const { key, sizeGb } = await rootDisk(world)
      await succeeds(world, 'grow', await world.proxmox.resizeDisk(guest, key, sizeGb + 1))
      const end = await endOf(world, 'shrink', await world.proxmox.resizeDisk(guest, key, sizeGb))
      expectEqual('code', failureCode('shrink', end), 'refused')
      expectEqual('size', (await rootDisk(world)).sizeGb, sizeGb + 1)
    },
  },
  {
    name: 'a disk that the VM does not have cannot be resized',
    async run(world) {
      const outcome = await world.proxmox.resizeDisk(await sharedVm(world), 'sata5', 9)
      expectFailureNaming('resize', await endOf(world, 'resize', outcome), 'sata5')
    },
  },
  {
    name: 'a guest that is not locked says so',
    async run(world) {
      const status = expectOk('status', await world.proxmox.status(await sharedVm(world)))
      expectEqual('lock', status.lock, null)
    },
  },
]

const running: Check[] = [
  {
    name: 'what a running VM takes over only at its next restart is pending, until it is set back',
    async run(world) {
      const guest = await sharedVm(world)
      const { cores } = await changed(world, { cores: 1 })
      expectEqual('pending while off', expectOk('pending', await world.proxmox.pending(guest)), [])
      await ensurePower(world, guest, 'running')
      await succeeds(world, 'configure', await world.proxmox.configure(guest, { cores: cores + 1 }))
      expectEqual('pending', expectOk('pending', await world.proxmox.pending(guest)), ['cores'])
      expectEqual('cores', (await configOf(world, guest)).cores, cores + 1)
      await succeeds(world, 'set back', await world.proxmox.configure(guest, { cores }))
      expectEqual('set back', expectOk('pending', await world.proxmox.pending(guest)), [])
    },
  },
]

export const vmConfigChecks: Check[] = [...accepted, ...refused, ...disk, ...running]

import type { GuestRef } from '../../../src/integrations/proxmox/types.ts'
import { expectEqual, expectOk, expectRejected, expectThat, failureCode } from './expect.ts'
import { configOf, endOf, ensurePower, newVm, removeGuest, statusOf, succeeds } from './world.ts'
import type { Check, World } from './world.ts'

/** A VM of its own for each check: snapshots would stand in the way of the checks that share one. */
async function withVm(world: World, work: (guest: GuestRef) => Promise<void>): Promise<void> {
  const guest = await newVm(world, 'contract-snapshot')
  await work(guest)
  await removeGuest(world, guest)
}

const listOf = async (world: World, guest: GuestRef) =>
  expectOk(`snapshots of ${guest.vmid}`, await world.proxmox.snapshots(guest))

const take = async (world: World, guest: GuestRef, name: string) =>
  succeeds(world, 'snapshot', await world.proxmox.takeSnapshot(guest, name, `made as ${name}`))

/** What fails the same way for every guest, whatever its storage can do. */
export const snapshotChecks: Check[] = [
  {
    name: 'a snapshot is listed with its name, its time and its description, and the VM goes on from it',
    run: (world) =>
      withVm(world, async (guest) => {
        expectEqual('before', await listOf(world, guest), { snapshots: [], basedOn: null })
        await take(world, guest, 'first')
        const { snapshots, basedOn } = await listOf(world, guest)
        const [only] = snapshots
        expectEqual('number', snapshots.length, 1)
        expectEqual(
          'snapshot',
          [only?.name, only?.complete, only?.description, basedOn],
          ['first', true, 'made as first', 'first'],
        )
        expectThat('time', only?.takenAt instanceof Date, 'a time', only?.takenAt)
        expectEqual('lock', (await configOf(world, guest)).lock, null)
      }),
  },
  {
    name: 'a name that is taken, or says nothing to Proxmox, is refused as such',
    run: (world) =>
      withVm(world, async (guest) => {
        await take(world, guest, 'first')
        const again = await endOf(world, 'again', await world.proxmox.takeSnapshot(guest, 'first', ''))
        expectEqual('code', failureCode('again', again), 'exists')
        for (const name of ['x', '1st', 'a b'])
          expectRejected(name, await world.proxmox.takeSnapshot(guest, name, ''), ['invalid'])
        const reserved = await endOf(world, 'current', await world.proxmox.takeSnapshot(guest, 'current', ''))
        expectEqual('code', failureCode('current', reserved), 'refused')
      }),
  },
  {
    name: 'a rollback brings the configuration back and leaves a running VM off',
    run: (world) =>
      withVm(world, async (guest) => {
        const { cores } = await configOf(world, guest)
        await take(world, guest, 'first')
        await succeeds(world, 'configure', await world.proxmox.configure(guest, { cores: cores + 1 }))
        await take(world, guest, 'second')
        await ensurePower(world, guest, 'running')
        await succeeds(world, 'rollback', await world.proxmox.rollback(guest, 'first'))
        expectEqual('status', await statusOf(world, guest), 'stopped')
        expectEqual('cores', (await configOf(world, guest)).cores, cores)
        const { snapshots, basedOn } = await listOf(world, guest)
        expectEqual('basedOn', basedOn, 'first')
        expectEqual('kept', snapshots.map(({ name }) => name).toSorted(), ['first', 'second'])
      }),
  },
  {
    name: 'a removed snapshot is gone; removing it again, or rolling back to it, says that it is missing',
    run: (world) =>
      withVm(world, async (guest) => {
        await take(world, guest, 'first')
        await succeeds(world, 'remove', await world.proxmox.removeSnapshot(guest, 'first'))
        expectEqual('after', await listOf(world, guest), { snapshots: [], basedOn: null })
        for (const call of [
          await world.proxmox.removeSnapshot(guest, 'first'),
          await world.proxmox.rollback(guest, 'first'),
        ])
          expectEqual('code', failureCode('again', await endOf(world, 'again', call)), 'missing')
      }),
  },
  {
    name: 'a VM is destroyed together with its snapshots',
    run: async (world) => {
      const guest = await newVm(world, 'contract-snapshot')
      await take(world, guest, 'first')
      await succeeds(world, 'destroy', await world.proxmox.destroy(guest))
      expectEqual('vmidFree', expectOk('vmidFree', await world.proxmox.vmidFree(guest.vmid)), true)
    },
  },
]

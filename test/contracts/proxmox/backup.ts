import type { BackupVolume, GuestRef } from '../../../src/integrations/proxmox/types.ts'
import { parseMarker, vmNet0 } from '../../../src/integrations/proxmox/guestConfig.ts'
import { expectEqual, expectOk, expectRejected, expectThat, failureCode } from './expect.ts'
import {
  bridgeOf,
  configOf,
  endOf,
  ended,
  ensurePower,
  newMarker,
  newVm,
  newVmid,
  removeGuest,
  statusOf,
  succeeds,
} from './world.ts'
import type { Check, World } from './world.ts'

const MAC = 'BC:24:11:C0:DE:07'

/** A VM of its own for each check: a restore would pull the shared one from under the others. */
async function withVm(world: World, work: (guest: GuestRef) => Promise<void>): Promise<void> {
  const guest = await newVm(world, 'contract-backup')
  await work(guest)
  for (const { volid } of await listOf(world, guest))
    await succeeds(world, 'delete the backup', await world.proxmox.removeBackup(world.node, volid))
  await removeGuest(world, guest)
}

const listOf = async (world: World, guest: GuestRef): Promise<BackupVolume[]> =>
  expectOk('backups', await world.proxmox.backups(world.node, world.backupStorage ?? '', guest.vmid))

async function backUp(world: World, guest: GuestRef, notes: string): Promise<BackupVolume> {
  const to = { storage: world.backupStorage ?? '', notes }
  await succeeds(world, 'backup', await world.proxmox.backup(guest, to))
  const found = (await listOf(world, guest)).find((one) => one.notes === notes)
  if (!found) throw new Error('the backup is not listed')
  return found
}

const restoreOf = async (world: World, guest: GuestRef, volid: string, overwrite: boolean) => ({
  ...guest,
  volid,
  storage: world.storage,
  overwrite,
  name: 'contract-restored',
  description: newMarker(world),
  net0: vmNet0({ mac: MAC, bridge: await bridgeOf(world) }),
})

export const backupChecks: Check[] = [
  {
    name: 'a backup is listed with its note, its time and its size; it is protected, and the VM stays as it was',
    needs: 'backup',
    run: (world) =>
      withVm(world, async (guest) => {
        await ensurePower(world, guest, 'running')
        const marker = newMarker(world)
        const backup = await backUp(world, guest, marker)
        expectEqual('owner', parseMarker(backup.notes), parseMarker(marker))
        expectEqual('vmid and protection', [backup.vmid, backup.protected], [guest.vmid, true])
        expectThat('size', backup.sizeBytes > 0, 'more than nothing', backup.sizeBytes)
        const age = Math.abs(Date.now() - backup.takenAt.getTime())
        expectThat('time', age < 3_600_000, 'the present', backup.takenAt)
        expectEqual('power', await statusOf(world, guest), 'running')
        expectEqual('lock', (await configOf(world, guest)).lock, null)
      }),
  },
  {
    name: 'a VM is overwritten with its backup when it is off: settings of then, name, card and mark of the call',
    needs: 'backup',
    run: (world) =>
      withVm(world, async (guest) => {
        const { cores } = await configOf(world, guest)
        const { volid } = await backUp(world, guest, newMarker(world))
        await succeeds(world, 'configure', await world.proxmox.configure(guest, { cores: cores + 1 }))
        await ensurePower(world, guest, 'running')
        const request = await restoreOf(world, guest, volid, true)
        const whileRunning = await endOf(world, 'while running', await world.proxmox.restore(request))
        expectEqual('while running', failureCode('restore', whileRunning), 'refused')
        await ensurePower(world, guest, 'stopped')
        await succeeds(world, 'restore', await world.proxmox.restore(request))
        const after = await configOf(world, guest)
        expectEqual('cores, name, lock', [after.cores, after.name, after.lock], [cores, request.name, null])
        expectEqual('mark', parseMarker(after.description), parseMarker(request.description))
        expectThat('card', after.net0?.toUpperCase().includes(MAC) === true, MAC, after.net0)
      }),
  },
  {
    name: 'a backup makes another VM under a free VMID; a VMID that is taken is refused',
    needs: 'backup',
    run: (world) =>
      withVm(world, async (guest) => {
        const { volid } = await backUp(world, guest, newMarker(world))
        expectRejected('taken', await world.proxmox.restore(await restoreOf(world, guest, volid, false)), [
          'exists',
        ])
        const other: GuestRef = { ...guest, vmid: await newVmid(world) }
        const request = await restoreOf(world, other, volid, false)
        await succeeds(world, 'restore', await world.proxmox.restore(request))
        const made = await configOf(world, other)
        expectEqual('mark', parseMarker(made.description), parseMarker(request.description))
        expectEqual('name', made.name, request.name)
        await removeGuest(world, other)
      }),
  },
  {
    name: 'a deleted backup is gone, deleting it again changes nothing, and restoring it says that it is missing',
    needs: 'backup',
    run: (world) =>
      withVm(world, async (guest) => {
        const { volid } = await backUp(world, guest, newMarker(world))
        await succeeds(world, 'delete', await world.proxmox.removeBackup(world.node, volid))
        expectEqual('after', await listOf(world, guest), [])
        await succeeds(world, 'delete again', await world.proxmox.removeBackup(world.node, volid))
        const request = await restoreOf(world, { ...guest, vmid: await newVmid(world) }, volid, false)
        const outcome = await endOf(world, 'restore', await world.proxmox.restore(request))
        expectEqual('code', failureCode('restore', outcome), 'missing')
      }),
  },
  {
    name: 'a backup that does not work says why, not only that it did not',
    needs: 'backup',
    async run(world) {
      const vmid = await newVmid(world)
      const guest: GuestRef = { node: world.node, kind: 'vm', vmid }
      const to = { storage: world.backupStorage ?? '', notes: newMarker(world) }
      const state = await ended(world, 'backup', await world.proxmox.backup(guest, to))
      const message = state.state === 'failed' ? state.message : state.state
      expectThat('message', message.includes(String(vmid)) && message !== 'job errors', 'the cause', message)
    },
  },
]

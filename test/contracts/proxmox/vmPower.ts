import { setTimeout as sleep } from 'node:timers/promises'
import type { GuestRef, TaskState } from '../../../src/integrations/proxmox/types.ts'
import { Differs, expectEqual, expectOk, expectRejected, expectThat, failureCode } from './expect.ts'
import { endOf, ended, ensurePower, newVm, sharedVm, statusOf, succeeds } from './world.ts'
import type { Check, World } from './world.ts'

async function running(world: World): Promise<GuestRef> {
  const guest = await sharedVm(world)
  await ensurePower(world, guest, 'running')
  return guest
}

async function stopped(world: World): Promise<GuestRef> {
  const guest = await sharedVm(world)
  await ensurePower(world, guest, 'stopped')
  return guest
}

/** A guest without an operating system ignores the request: then the task must fail, and say that it waited. */
function expectDoneOrTimeout(what: string, end: TaskState): void {
  const waited = end.state === 'failed' && end.message.includes('timeout')
  if (end.state !== 'ok' && !waited) throw new Differs(what, 'done, or given up after its time', end)
}

const power: Check[] = [
  {
    name: 'a started VM is running',
    async run(world) {
      const guest = await stopped(world)
      await succeeds(world, 'start', await world.proxmox.start(guest))
      expectEqual('status', await statusOf(world, guest), 'running')
    },
  },
  {
    name: 'starting a running VM is a conflict, and it keeps running',
    async run(world) {
      const guest = await running(world)
      const end = await endOf(world, 'start', await world.proxmox.start(guest))
      expectEqual('code', failureCode('start', end), 'conflict')
      expectEqual('status', await statusOf(world, guest), 'running')
    },
  },
  {
    name: 'destroying a running VM is a conflict, and it keeps running',
    async run(world) {
      const guest = await running(world)
      expectRejected('destroy', await world.proxmox.destroy(guest), ['conflict'])
      expectEqual('status', await statusOf(world, guest), 'running')
    },
  },
  {
    name: 'a rebooted VM is running again soon after its task',
    async run(world) {
      const guest = await running(world)
      expectDoneOrTimeout('reboot', await ended(world, 'reboot', await world.proxmox.reboot(guest, 5)))
      // The task ends when the machine has ended; another one, which is not ours, starts it again.
      const giveUpAt = Date.now() + 30_000
      while ((await statusOf(world, guest)) !== 'running' && Date.now() < giveUpAt) await sleep(world.pollMs)
      expectEqual('status', await statusOf(world, guest), 'running')
    },
  },
  {
    name: 'a shutdown says whether the VM is off',
    async run(world) {
      const guest = await running(world)
      const end = await ended(world, 'shutdown', await world.proxmox.shutdown(guest, 5))
      expectDoneOrTimeout('shutdown', end)
      expectEqual('status', await statusOf(world, guest), end.state === 'ok' ? 'stopped' : 'running')
    },
  },
  {
    name: 'a stopped VM is off',
    async run(world) {
      const guest = await running(world)
      await succeeds(world, 'stop', await world.proxmox.stop(guest))
      expectEqual('status', await statusOf(world, guest), 'stopped')
    },
  },
  {
    name: 'stopping and shutting down a VM that is off succeeds and changes nothing',
    async run(world) {
      const guest = await stopped(world)
      await succeeds(world, 'stop', await world.proxmox.stop(guest))
      await succeeds(world, 'shutdown', await world.proxmox.shutdown(guest, 5))
      expectEqual('status', await statusOf(world, guest), 'stopped')
    },
  },
  {
    name: 'rebooting a VM that is off is a conflict',
    async run(world) {
      const guest = await stopped(world)
      const end = await endOf(world, 'reboot', await world.proxmox.reboot(guest, 5))
      expectEqual('code', failureCode('reboot', end), 'conflict')
    },
  },
]

const end: Check[] = [
  {
    name: 'a destroyed VM is gone: its VMID is free, its configuration missing, its place unknown',
    async run(world) {
      const guest = await newVm(world, 'contract-destroy')
      await succeeds(world, 'destroy', await world.proxmox.destroy(guest))
      expectEqual('vmidFree', expectOk('vmidFree', await world.proxmox.vmidFree(guest.vmid)), true)
      expectRejected('config', await world.proxmox.config(guest), ['missing', 'forbidden'])
      expectEqual('locate', expectOk('locate', await world.proxmox.locate(guest.vmid)), null)
    },
  },
  {
    name: 'destroying a VM twice never succeeds twice',
    async run(world) {
      const guest = await newVm(world, 'contract-twice')
      await succeeds(world, 'destroy', await world.proxmox.destroy(guest))
      const code = failureCode('again', await endOf(world, 'again', await world.proxmox.destroy(guest)))
      expectThat('again', ['missing', 'forbidden'].includes(code), 'missing or forbidden', code)
    },
  },
]

export const vmPowerChecks: Check[] = [...power, ...end]

import { setTimeout as sleep } from 'node:timers/promises'
import { parseNet0 } from '../../../src/integrations/proxmox/guestConfig.ts'
import type { CloneRequest, GuestRef } from '../../../src/integrations/proxmox/types.ts'
import { parseUpid } from '../../../src/integrations/proxmox/upid.ts'
import {
  Differs,
  expectEqual,
  expectFailureNaming,
  expectOk,
  expectPending,
  expectThat,
  failureCode,
} from './expect.ts'
import { configOf, endOf, newMarker, newVm, newVmid, removeGuest, sharedVm, statusOf } from './world.ts'
import type { Check, World } from './world.ts'

const cloneRequest = (world: World, vmid: number, more: Partial<CloneRequest> = {}): CloneRequest => ({
  node: world.node,
  templateVmid: world.templateVmid,
  newVmid: vmid,
  name: 'contract-clone',
  description: newMarker(world),
  storage: world.storage,
  ...more,
})

/** The list of guests may be up to some ten seconds old. */
async function listedName(world: World, vmid: number): Promise<string | null> {
  const giveUpAt = Date.now() + 30_000
  for (;;) {
    const guests = expectOk('guests', await world.proxmox.guests())
    const name = guests.find((guest) => guest.vmid === vmid)?.name ?? null
    if (name !== null || Date.now() > giveUpAt) return name
    await sleep(world.pollMs)
  }
}

const good: Check[] = [
  {
    name: 'a clone carries the mark, the name and a disk, and is no template',
    async run(world) {
      const marker = newMarker(world)
      const guest = await newVm(world, 'contract-mark', marker)
      const config = await configOf(world, guest)
      expectEqual('description', config.description.trim(), marker)
      expectEqual('name', config.name, 'contract-mark')
      expectEqual('template', config.template, false)
      expectEqual('lock', config.lock, null)
      expectThat('digest', /^[0-9a-f]{40}$/.test(config.digest), '40 hexadecimal digits', config.digest)
      expectThat(
        'disk',
        config.diskKey !== null && (config.diskGb ?? 0) > 0,
        'a root disk with a size',
        config,
      )
      expectEqual('status', await statusOf(world, guest), 'stopped')
      await removeGuest(world, guest)
    },
  },
  {
    name: "a clone has a MAC of its own, not its template's",
    async run(world) {
      const template: GuestRef = { node: world.node, kind: 'vm', vmid: world.templateVmid }
      const ours = parseNet0((await configOf(world, await sharedVm(world))).net0)?.mac
      const theirs = parseNet0((await configOf(world, template)).net0)?.mac
      expectThat('MAC', Boolean(ours) && ours !== theirs, `another MAC than ${theirs}`, ours)
    },
  },
  {
    name: 'a clone appears in the list of guests under its name',
    async run(world) {
      const guest = await sharedVm(world)
      expectEqual('name', await listedName(world, guest.vmid), 'contract-vm')
      expectEqual('locate', expectOk('locate', await world.proxmox.locate(guest.vmid)), guest)
      expectEqual('vmidFree', expectOk('vmidFree', await world.proxmox.vmidFree(guest.vmid)), false)
    },
  },
  {
    name: 'the task of a clone is found by its time and our own user, under the VMID of the template',
    async run(world) {
      const vmid = await newVmid(world)
      const outcome = await world.proxmox.clone(cloneRequest(world, vmid))
      const upid = expectPending('clone', outcome)
      const since = parseUpid(upid)?.startedAt ?? new Date(0)
      const find = async () =>
        expectOk('tasksSince', await world.proxmox.tasksSince(world.node, since)).find(
          (task) => task.upid === upid,
        )
      const early = await find()
      expectThat(
        'the task at once',
        early?.type === 'qmclone' && early.vmid === String(world.templateVmid),
        `qmclone of ${world.templateVmid}`,
        early,
      )
      await endOf(world, 'clone', outcome)
      expectEqual('the task afterwards', (await find())?.running, false)
      const log = expectOk('log', await world.proxmox.taskLog(upid, 1))
      expectEqual('the last line of its log', log, ['TASK OK'])
      await removeGuest(world, { node: world.node, kind: 'vm', vmid })
    },
  },
]

const bad: Check[] = [
  {
    name: 'a clone onto a taken VMID exists already, and changes nothing',
    async run(world) {
      const guest = await sharedVm(world)
      const before = await configOf(world, guest)
      const end = await endOf(world, 'clone', await world.proxmox.clone(cloneRequest(world, guest.vmid)))
      expectEqual('code', failureCode('clone', end), 'exists')
      expectEqual('digest', (await configOf(world, guest)).digest, before.digest)
    },
  },
  {
    name: 'a clone of a template that does not exist is missing',
    async run(world) {
      const request = cloneRequest(world, await newVmid(world), { templateVmid: await newVmid(world) })
      const code = failureCode('clone', await endOf(world, 'clone', await world.proxmox.clone(request)))
      expectThat('code', ['missing', 'forbidden'].includes(code), 'missing or forbidden', code)
    },
  },
  {
    name: 'a clone onto a storage that does not exist fails and leaves the VMID free',
    async run(world) {
      const vmid = await newVmid(world)
      const request = cloneRequest(world, vmid, { storage: 'no-such-storage' })
      const end = await endOf(world, 'clone', await world.proxmox.clone(request))
      expectFailureNaming('clone', end, 'no-such-storage')
      expectEqual('vmidFree', expectOk('vmidFree', await world.proxmox.vmidFree(vmid)), true)
    },
  },
  {
    name: 'of two clones to one VMID exactly one wins, and the guest carries its mark',
    async run(world) {
      const vmid = await newVmid(world)
      const requests = [cloneRequest(world, vmid), cloneRequest(world, vmid)]
      const ends = await Promise.all(
        requests.map(async (request) => endOf(world, 'clone', await world.proxmox.clone(request))),
      )
      const winners = ends.flatMap((end, index) => ('state' in end && end.state === 'ok' ? [index] : []))
      const [winner] = winners
      if (winner === undefined || winners.length !== 1) throw new Differs('winners', 'one', ends)
      const loser = failureCode('the other clone', ends[1 - winner] ?? { state: 'running' })
      expectThat('the other clone', ['exists', 'locked'].includes(loser), 'exists or locked', loser)
      const guest: GuestRef = { node: world.node, kind: 'vm', vmid }
      expectEqual('mark', (await configOf(world, guest)).description.trim(), requests[winner]?.description)
      await removeGuest(world, guest)
    },
  },
]

export const vmCloneChecks: Check[] = [...good, ...bad]

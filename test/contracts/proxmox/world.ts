import { setTimeout as sleep } from 'node:timers/promises'
import { createProxmox } from '../../../src/integrations/proxmox/client.ts'
import { markerOf, parseMarker, parseNet0 } from '../../../src/integrations/proxmox/guestConfig.ts'
import type {
  GuestConfig,
  GuestRef,
  Outcome,
  Proxmox,
  ProxmoxConnection,
  TaskState,
} from '../../../src/integrations/proxmox/types.ts'
import { Differs, expectOk, expectPending } from './expect.ts'

/** What a run may use. Guests are made only in `vmids`, and only guests with the suite's own mark are touched. */
export type Settings = {
  connection: ProxmoxConnection
  node: string
  storage: string
  templateVmid: number
  /** Volume id of a container template; container checks are left out without it. */
  ctTemplate: string | null
  /** A storage for backups; checks of backups are left out without it. */
  backupStorage: string | null
  vmids: { from: number; to: number }
  /** How often a task is looked at, and when we stop waiting for it. */
  pollMs: number
  taskTimeoutMs: number
}

export type World = Settings & {
  proxmox: Proxmox
  operations: number
  /** VMIDs looked at, and those of them that were free: only these can be ours. */
  tried: Set<number>
  handedOut: Set<number>
  vm: Promise<GuestRef> | null
  ct: Promise<GuestRef> | null
}

export type Check = { name: string; needs?: 'container' | 'backup'; run(world: World): Promise<void> }

/** The pod every guest of this suite claims to belong to: how leftovers of a broken run are known again. */
const CONTRACT_POD = '00000000-0000-4000-8000-c0de00000000'

export const createWorld = (settings: Settings): World => ({
  ...settings,
  proxmox: createProxmox(settings.connection),
  operations: Date.now(),
  tried: new Set(),
  handedOut: new Set(),
  vm: null,
  ct: null,
})

/** A mark that no other operation of the suite has. */
export function newMarker(world: World): string {
  world.operations += 1
  return markerOf(CONTRACT_POD, String(world.operations))
}

/** A VMID of the range that is free now and was not used by this run. */
export async function newVmid(world: World): Promise<number> {
  for (let vmid = world.vmids.from; vmid <= world.vmids.to; vmid += 1) {
    if (vmid === world.templateVmid || world.tried.has(vmid)) continue
    world.tried.add(vmid)
    if (!expectOk(`vmidFree(${vmid})`, await world.proxmox.vmidFree(vmid))) continue
    world.handedOut.add(vmid)
    return vmid
  }
  throw new Error('no free VMID is left in the range')
}

/** Waits for the task of a call that was accepted. */
export async function ended(world: World, what: string, outcome: Outcome<unknown>): Promise<TaskState> {
  const upid = expectPending(what, outcome)
  const giveUpAt = Date.now() + world.taskTimeoutMs
  for (;;) {
    const state = expectOk(`${what}: its task`, await world.proxmox.task(upid))
    if (state.state !== 'running') return state
    if (Date.now() > giveUpAt) throw new Differs(what, 'a task that ends', state)
    await sleep(world.pollMs)
  }
}

/** A refusal, or the end of the task if the call was accepted: Proxmox does either for the same cause. */
export const endOf = async (world: World, what: string, outcome: Outcome<unknown>) =>
  outcome.outcome === 'pending' ? ended(world, what, outcome) : outcome

export async function succeeds(world: World, what: string, outcome: Outcome<unknown>): Promise<void> {
  const state = await ended(world, what, outcome)
  if (state.state !== 'ok') throw new Differs(what, 'a task that ends well', state)
}

export const configOf = async (world: World, guest: GuestRef): Promise<GuestConfig> =>
  expectOk(`config of ${guest.vmid}`, await world.proxmox.config(guest))

export const statusOf = async (world: World, guest: GuestRef): Promise<string> =>
  expectOk(`status of ${guest.vmid}`, await world.proxmox.status(guest)).status

/** A new clone of the template. */
export async function newVm(world: World, name: string, marker = newMarker(world)): Promise<GuestRef> {
  const vmid = await newVmid(world)
  const { node, templateVmid, storage } = world
  const request = { node, templateVmid, newVmid: vmid, name, description: marker, storage }
  await succeeds(world, 'clone', await world.proxmox.clone(request))
  return { node, kind: 'vm', vmid }
}

/** The VM that the checks share, cloned when the first of them asks for it. */
export const sharedVm = (world: World): Promise<GuestRef> => (world.vm ??= newVm(world, 'contract-vm'))

/** The bridge that the template is on: the only one we know to exist. */
export async function bridgeOf(world: World): Promise<string> {
  const template: GuestRef = { node: world.node, kind: 'vm', vmid: world.templateVmid }
  return parseNet0((await configOf(world, template)).net0)?.bridge ?? 'vmbr0'
}

export async function ensurePower(
  world: World,
  guest: GuestRef,
  wanted: 'running' | 'stopped',
): Promise<void> {
  if ((await statusOf(world, guest)) === wanted) return
  const call = wanted === 'running' ? world.proxmox.start(guest) : world.proxmox.stop(guest)
  await succeeds(world, `bring ${guest.vmid} to ${wanted}`, await call)
}

/** Destroys a guest of the suite, having read its mark just before. */
export async function removeGuest(world: World, guest: GuestRef): Promise<void> {
  const config = await configOf(world, guest)
  if (parseMarker(config.description)?.podId !== CONTRACT_POD) throw new Error(`${guest.vmid} is not ours`)
  await ensurePower(world, guest, 'stopped')
  await succeeds(world, `destroy ${guest.vmid}`, await world.proxmox.destroy(guest))
}

/**
 * Removes every guest in the range that carries the suite's mark, leftovers of earlier runs included. What cannot be
 * removed is named in the error, after all the others have been.
 */
export async function sweep(world: World): Promise<number[]> {
  const removed: number[] = []
  const kept: string[] = []
  for (const guest of expectOk('guests', await world.proxmox.guests())) {
    if (guest.vmid < world.vmids.from || guest.vmid > world.vmids.to) continue
    if (guest.vmid === world.templateVmid) continue
    const config = await world.proxmox.config(guest)
    const ours = config.outcome === 'ok' && parseMarker(config.value.description)?.podId === CONTRACT_POD
    try {
      if (ours) await removeGuest(world, { node: guest.node, kind: guest.kind, vmid: guest.vmid })
      // A clone that was killed half-way has no mark. We used its VMID, but that proves no ownership.
      else if (world.handedOut.has(guest.vmid)) throw new Error('carries no mark; look at it yourself')
      if (ours) removed.push(guest.vmid)
    } catch (error) {
      kept.push(`${guest.vmid}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (kept.length > 0) throw new Error(kept.join('; '))
  return removed
}

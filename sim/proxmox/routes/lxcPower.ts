import { die, paramError } from '../errors.ts'
import { assertQuorum, assertUnlocked, isRunning, loadGuest, lockGuest } from '../guests.ts'
import { askHa, isManaged } from '../ha.ts'
import type { Guest } from '../model.ts'
import type { Call, Route } from '../route.ts'
import { bool, int } from '../schema.ts'
import type { Schema } from '../schemaTypes.ts'
import { hasSentinel } from '../sentinels.ts'
import { memoryMb, usedMemoryMb } from '../status.ts'
import { startTask } from '../tasks.ts'
import type { Task } from '../tasks.ts'
import { findNode } from '../world.ts'
import type { World } from '../world.ts'
import { missingBridge, setRunning, setStopped } from './qemuPower.ts'

/** Power of containers: the wrong state is refused at once, also for start, stop and shutdown. */

const command = (name: string, schema: Schema, run: (call: Call) => string): Route => ({
  method: 'POST',
  path: `/nodes/{node}/lxc/{vmid}/status/${name}`,
  allow: { path: '/vms/{vmid}', privileges: ['VM.PowerMgmt'] },
  schema,
  run,
})

const timeout = int({ min: 0 })

export const lxcPowerRoutes: Route[] = [
  command('start', { debug: bool(), skiplock: bool() }, (call) => {
    rootOnly(call)
    if (running(call)) die(`CT ${call.vmid} already running`)
    assertQuorum(call.world)
    const managed = managedOf(call)
    if (managed) return askHa(call.world, managed, 'start', call.caller.userid)
    return startContainer(call.world, call, call.caller.userid, call.params.skiplock === '1')
  }),
  command('stop', { 'overrule-shutdown': bool(), skiplock: bool() }, (call) => {
    rootOnly(call)
    assertRunning(call, 'CT')
    const managed = managedOf(call)
    if (managed) return askHa(call.world, managed, 'stop', call.caller.userid)
    return fork(call, 'vzstop', (task) => halt(call, task, { force: true, ask: false }))
  }),
  command('shutdown', { forceStop: bool(), timeout }, (call) => {
    assertRunning(call, 'CT')
    const managed = managedOf(call)
    if (managed) return askHa(call.world, managed, 'stop', call.caller.userid)
    const force = call.params.forceStop === '1'
    return fork(call, 'vzshutdown', (task) => halt(call, task, { force, ask: true }))
  }),
  command('reboot', { timeout }, (call) => {
    assertRunning(call, 'VM')
    return fork(call, 'vzreboot', (task) => halt(call, task, { force: false, ask: true, again: true }))
  }),
]

type Ref = { node: string; vmid: number }

function running({ world, node, vmid }: Call): boolean {
  const guest = world.state.guests[vmid]
  return guest !== undefined && guest.node === node && guest.kind === 'lxc' && isRunning(guest)
}

/** The container, if it is in the high availability: then it is asked for, not started or stopped. */
function managedOf({ world, node, vmid }: Call): Guest | null {
  const guest = world.state.guests[vmid]
  return guest?.node === node && guest.kind === 'lxc' && isManaged(world, guest) ? guest : null
}

function assertRunning(call: Call, label: 'CT' | 'VM'): void {
  // The real reboot speaks of a VM here.
  if (!running(call)) die(`${label} ${call.vmid} not running`)
}

function rootOnly({ params, caller }: Call): void {
  if (params.skiplock === '1' && caller.userid !== 'root@pam') {
    paramError({ skiplock: 'Only root may use this option.' })
  }
}

function fork(call: Call, type: string, work: (task: Task) => Promise<void>): string {
  const spec = { node: call.node, type, id: String(call.vmid), user: call.caller.userid }
  return startTask(call.world, spec, (task) =>
    lockGuest(call.world, { node: call.node, kind: 'lxc', vmid: call.vmid }, { task }, () => work(task)),
  )
}

export function startContainer(world: World, ref: Ref, user: string, ignoreLock = false): string {
  const spec = { node: ref.node, type: 'vzstart', id: String(ref.vmid), user }
  return startTask(world, spec, (task) =>
    lockGuest(world, { ...ref, kind: 'lxc' }, { task }, async () => {
      const guest = loadGuest(world, ref.node, 'lxc', ref.vmid)
      if (guest.config.template === '1') die("you can't start a CT if it's a template")
      if (!ignoreLock && guest.config.lock !== 'mounted') assertUnlocked(guest)
      await task.sleep(world.speed.startMs)
      assertStartable(world, guest, task)
      setRunning(world, guest)
    }),
  )
}

function assertStartable(world: World, guest: Guest, task: Task): void {
  const bridge = missingBridge(world, guest)
  if (bridge !== null) task.log(`bridge '${bridge}' does not exist`)
  const capacity = findNode(world, guest.node)?.memoryMb ?? 0
  const tooBig = usedMemoryMb(world, guest.node) + memoryMb(guest) > capacity
  if (tooBig) task.log('Cannot allocate memory')
  if (bridge !== null || tooBig || hasSentinel(guest.config.hostname, 'fail-start')) {
    die(`startup for container '${guest.vmid}' failed`)
  }
}

type Halt = { force: boolean; ask: boolean; again?: boolean }

async function halt(call: Call, task: Task, { force, ask, again = false }: Halt): Promise<void> {
  const { world, params } = call
  const guest = loadGuest(world, call.node, 'lxc', call.vmid)
  if (params.skiplock !== '1' && guest.config.lock !== 'mounted') assertUnlocked(guest)
  if (!isRunning(guest)) return
  if (ask && hasSentinel(guest.config.hostname, 'ignores-shutdown')) {
    await task.sleep(Number(params.timeout ?? 60) * world.speed.secondMs)
    if (!force)
      die(`command 'lxc-stop -n ${call.vmid} --nokill --timeout ${params.timeout ?? 60}' failed: exit code 1`)
  } else {
    await task.sleep(ask ? world.speed.shutdownMs : world.speed.stopMs)
  }
  setStopped(world, guest)
  if (again) setRunning(world, guest)
}

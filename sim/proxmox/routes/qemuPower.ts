import { isCloudInit, driveKeys, parseDrive } from '../drives.ts'
import { die, paramError } from '../errors.ts'
import { applyPending, assertQuorum, assertUnlocked, isRunning, loadGuest, lockGuest } from '../guests.ts'
import { askHa, isManaged } from '../ha.ts'
import type { Guest } from '../model.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, str } from '../schema.ts'
import type { Schema } from '../schemaTypes.ts'
import { hasSentinel } from '../sentinels.ts'
import { cpuCount, memoryMb, usedMemoryMb } from '../status.ts'
import { startTask } from '../tasks.ts'
import type { Task } from '../tasks.ts'
import { findNode, now } from '../world.ts'
import type { World } from '../world.ts'

/**
 * Power of virtual machines. A start in the wrong state fails in its task, stop and shutdown succeed, and
 * reboot, reset, suspend and resume are refused at once.
 */

const command = (name: string, schema: Schema, run: (call: Call) => string): Route => ({
  method: 'POST',
  path: `/nodes/{node}/qemu/{vmid}/status/${name}`,
  allow: { path: '/vms/{vmid}', privileges: ['VM.PowerMgmt'] },
  schema,
  run,
})

const skiplock = bool()
const timeout = int({ min: 0 })
const node = str({ format: 'pve-node' })

export const qemuPowerRoutes: Route[] = [
  command(
    'start',
    {
      'force-cpu': str(),
      machine: str(),
      migratedfrom: node,
      migration_network: str(),
      migration_type: str({ enum: ['secure', 'insecure'] }),
      'nets-host-mtu': str(),
      skiplock,
      stateuri: str({ maxLength: 128 }),
      targetstorage: str(),
      timeout,
      'with-conntrack-state': bool(),
    },
    (call) => {
      rootOnly(call, ['skiplock', 'stateuri', 'migratedfrom', 'migration_type', 'targetstorage', 'force-cpu'])
      assertQuorum(call.world)
      const managed = find(call.world, call)
      if (managed && isManaged(call.world, managed))
        return askHa(call.world, managed, 'start', call.caller.userid)
      return startGuest(call.world, call, call.caller.userid, call.params.skiplock === '1')
    },
  ),
  command(
    'stop',
    { keepActive: bool(), migratedfrom: node, 'overrule-shutdown': bool(), skiplock, timeout },
    (call) =>
      managedStop(call) ?? fork(call, 'qmstop', (task) => halt(call, task, { force: true, ask: false })),
  ),
  command('shutdown', { forceStop: bool(), keepActive: bool(), skiplock, timeout }, shutdown),
  command('reboot', { timeout }, reboot),
  command('reset', { skiplock }, (call) => {
    assertRunning(call)
    return fork(call, 'qmreset', (task) => change(call, task, () => {}))
  }),
  command('suspend', { skiplock, statestorage: str({ format: 'pve-storage-id' }), todisk: bool() }, suspend),
  command('resume', { nocheck: bool(), skiplock }, resume),
]

type Ref = { node: string; vmid: number }

const find = (world: World, ref: Ref) => {
  const guest = world.state.guests[ref.vmid]
  return guest?.node === ref.node && guest.kind === 'qemu' ? guest : null
}

/** A machine in the high availability is not stopped but asked to be: its manager does it, a while later. */
function managedStop(call: Call): string | null {
  const guest = find(call.world, call)
  return guest && isManaged(call.world, guest) ? askHa(call.world, guest, 'stop', call.caller.userid) : null
}

/** `check_running` looks for the file in its own way, with its own message. */
const known = (world: World, ref: Ref): Guest =>
  find(world, ref) ?? die(`unable to find configuration file for VM ${ref.vmid} on node '${ref.node}'`)

function rootOnly({ params, caller }: Call, names: string[]): void {
  const given = names.find((name) => params[name] !== undefined)
  if (given !== undefined && caller.userid !== 'root@pam') {
    paramError({ [given]: 'Only root may use this option.' })
  }
}

function fork(call: Call, type: string, work: (task: Task) => Promise<void>): string {
  rootOnly(call, ['skiplock', 'keepActive', 'migratedfrom', 'nocheck'])
  const spec = { node: call.node, type, id: String(call.vmid), user: call.caller.userid }
  return startTask(call.world, spec, work)
}

function assertRunning({ world, node: onNode, vmid }: Call): Guest {
  const guest = known(world, { node: onNode, vmid })
  if (!isRunning(guest)) die(`VM ${vmid} not running`)
  return guest
}

export function startGuest(world: World, ref: Ref, user: string, ignoreLock = false): string {
  const spec = { node: ref.node, type: 'qmstart', id: String(ref.vmid), user }
  return startTask(world, spec, (task) =>
    lockGuest(world, { ...ref, kind: 'qemu' }, { task }, async () => {
      const guest = loadGuest(world, ref.node, 'qemu', ref.vmid)
      if (guest.config.template === '1') die("you can't start a vm if it's a template")
      if (!ignoreLock) assertUnlocked(guest)
      if (isRunning(guest)) die(`VM ${ref.vmid} already running`)
      applyPending(guest)
      await boot(world, guest, task)
    }),
  )
}

async function boot(world: World, guest: Guest, task: Task): Promise<void> {
  if (driveKeys(guest.config).some((key) => isCloudInit(parseDrive(guest.config[key] ?? '')))) {
    task.log('generating cloud-init ISO')
  }
  const host = findNode(world, guest.node)
  const cores = host?.cores ?? 1
  if (cpuCount(world, guest) > cores) die(`MAX ${cores} vcpus allowed per VM on this node`)
  await task.sleep(world.speed.startMs)
  const bridge = missingBridge(world, guest)
  if (bridge !== null) {
    task.log(`bridge '${bridge}' does not exist`)
    task.log('kvm: network script /usr/libexec/qemu-server/pve-bridge failed with status 512')
  }
  const tooBig = usedMemoryMb(world, guest.node) + memoryMb(guest) > (host?.memoryMb ?? 0)
  if (tooBig) task.log(`kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory`)
  if (bridge !== null || tooBig || hasSentinel(guest.config.name, 'fail-start')) {
    die('start failed: QEMU exited with code 1')
  }
  setRunning(world, guest)
}

export function missingBridge(world: World, guest: Guest): string | null {
  const bridges = findNode(world, guest.node)?.bridges ?? []
  const wanted = Object.entries(guest.config)
    .filter(([key]) => /^net\d+$/.test(key))
    .map(([, value]) => /(?:^|,)bridge=([^,]+)/.exec(value)?.[1])
  return wanted.find((name) => name !== undefined && !bridges.includes(name)) ?? null
}

export function setRunning(world: World, guest: Guest): void {
  guest.power = 'running'
  guest.startedAt = now()
  delete guest.traffic
  world.state.lastPid += 1
  guest.pid = world.state.lastPid
  world.changed()
}

export function setStopped(world: World, guest: Guest): void {
  guest.power = 'stopped'
  guest.startedAt = null
  delete guest.traffic
  guest.pid = null
  applyPending(guest)
  world.changed()
}

type Halt = { force: boolean; ask: boolean; again?: boolean }

/** Stop, shutdown and reboot: done at once when nothing runs, else under the lock. */
function halt(call: Call, task: Task, { force, ask, again = false }: Halt): Promise<void> {
  const { world, params } = call
  return lockGuest(world, { node: call.node, kind: 'qemu', vmid: call.vmid }, { task }, async () => {
    const guest = known(world, call)
    if (!isRunning(guest)) return
    if (params.skiplock !== '1') assertUnlocked(guest)
    if (ask && hasSentinel(guest.config.name, 'ignores-shutdown')) {
      await task.sleep(Number(params.timeout ?? 60) * world.speed.secondMs)
      if (!force) die('VM quit/powerdown failed - got timeout')
      task.log('VM still running - terminating now with SIGTERM')
    } else {
      await task.sleep(ask ? world.speed.shutdownMs : world.speed.stopMs)
    }
    setStopped(world, guest)
    // The event daemon notices the end of the process and starts the machine in a task of its own.
    if (again) startGuest(world, call, 'root@pam')
  })
}

function shutdown(call: Call): string {
  const asked = managedStop(call)
  if (asked !== null) return asked
  const paused = find(call.world, call)?.power === 'paused'
  const force = call.params.forceStop === '1'
  if (paused && !force) die('VM is paused - cannot shutdown')
  return fork(call, 'qmshutdown', async (task) => {
    if (paused) task.log('VM is paused - stop instead of shutdown')
    await halt(call, task, { force, ask: !paused })
  })
}

function reboot(call: Call): string {
  if (find(call.world, call)?.power === 'paused') die('VM is paused - cannot shutdown')
  assertRunning(call)
  return fork(call, 'qmreboot', (task) => halt(call, task, { force: false, ask: true, again: true }))
}

function change(call: Call, task: Task, apply: (guest: Guest) => void): Promise<void> {
  return lockGuest(call.world, { node: call.node, kind: 'qemu', vmid: call.vmid }, { task }, async () => {
    const guest = loadGuest(call.world, call.node, 'qemu', call.vmid)
    if (call.params.skiplock !== '1' && guest.config.lock !== 'suspended') assertUnlocked(guest)
    await task.sleep(call.world.speed.stopMs)
    apply(guest)
    call.world.changed()
  })
}

function suspend(call: Call): string {
  assertRunning(call)
  const toDisk = call.params.todisk === '1'
  return fork(call, toDisk ? 'qmsuspend' : 'qmpause', (task) =>
    change(call, task, (guest) => {
      if (!toDisk) guest.power = 'paused'
      else {
        setStopped(call.world, guest)
        guest.config.lock = 'suspended'
      }
    }),
  )
}

function resume(call: Call): string {
  if (find(call.world, call)?.config.lock !== 'suspended') assertRunning(call)
  return fork(call, 'qmresume', (task) =>
    change(call, task, (guest) => {
      if (guest.config.lock === 'suspended') delete guest.config.lock
      if (isRunning(guest)) guest.power = 'running'
      else setRunning(call.world, guest)
    }),
  )
}

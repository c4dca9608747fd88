import { randomUUID } from 'node:crypto'
import { die, messageOf, paramError, permError } from '../errors.ts'
import { allocate, checkSpace, enabledStorage, findStorage, findVolume, free, isFileBased } from '../disks.ts'
import {
  CLOUD_INIT_BYTES,
  driveKeys,
  isCdrom,
  isCloudInit,
  logMade,
  parseDrive,
  printDrive,
  storageOf,
} from '../drives.ts'
import { copyDisk } from '../copyDisk.ts'
import {
  addToPool,
  assertPool,
  assertQuorum,
  assertUnlocked,
  assertWritable,
  checkBridges,
  copyFirewall,
} from '../guests.ts'
import {
  forgetGuest,
  freshSmbios,
  isRunning,
  lockGuest,
  newGuest,
  normalNet,
  writeConfig,
} from '../guests.ts'
import type { Config, Guest, Volume } from '../model.ts'
import { can, check } from '../permissions.ts'
import { isDriveKey } from '../qemuSchema.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, req, str } from '../schema.ts'
import { hasSentinel } from '../sentinels.ts'
import { isKilled, startTask } from '../tasks.ts'
import type { Task } from '../tasks.ts'
import { formatSize, GiB } from '../units.ts'
import { findNode } from '../world.ts'
import type { World } from '../world.ts'

const VMID = { format: 'pve-vmid', min: 100, max: 999_999_999 }

export const qemuCloneRoutes: Route[] = [
  {
    method: 'POST',
    path: '/nodes/{node}/qemu/{vmid}/clone',
    allow: allowClone,
    schema: {
      bwlimit: int({ min: 0 }),
      description: str(),
      format: str({ enum: ['raw', 'qcow2', 'vmdk'] }),
      full: bool(),
      name: str({ format: 'dns-name' }),
      newid: req(int(VMID)),
      pool: str({ format: 'pve-poolid' }),
      snapname: str({ format: 'pve-configid', maxLength: 40 }),
      storage: str({ format: 'pve-storage-id' }),
      target: str({ format: 'pve-node' }),
    },
    run: clone,
  },
]

/** Clone the source, and allocate the new id or do so in a pool given with the request. */
export function allowClone({ world, caller, params }: Call): void {
  check(world, caller.userid, `/vms/${params.vmid}`, ['VM.Clone'])
  const allowed =
    can(world, caller.userid, `/vms/${params.newid}`, 'VM.Allocate') ||
    (params.pool !== undefined && can(world, caller.userid, `/pool/${params.pool}`, 'VM.Allocate'))
  if (!allowed) permError()
}

type Plan = { source: Guest; old: Config; full: boolean; newid: number; target: string | undefined }

function clone(call: Call): string {
  const { world, params, node, vmid } = call
  const source = world.state.guests[vmid]
  if (source?.node !== node || source.kind !== 'qemu') {
    die(`unable to find configuration file for VM ${vmid} on node '${node}'`)
  }
  const running = isRunning(source)
  examine(call, running)
  const newid = Number(params.newid)
  call.loseAnswer = hasSentinel(params.name, 'lost-clone')
  const spec = { node, type: 'qmclone', id: String(vmid), user: call.caller.userid }
  return startTask(world, spec, (task) =>
    // The source is shared among clones unless it runs; the new id is the clone's own. Both give up after a second.
    lockGuest(world, { node, kind: 'qemu', vmid }, { task, seconds: 1, shared: !running }, () =>
      lockGuest(world, { node, kind: 'qemu', vmid: newid }, { task, seconds: 1 }, () =>
        work(call, examine(call, running), task),
      ),
    ),
  )
}

/** All that is checked before forking, and once more inside the worker. */
function examine(call: Call, running: boolean): Plan {
  const { world, params, node, vmid } = call
  const target = params.target === node || params.target === 'localhost' ? undefined : params.target
  assertPool(world, params.pool)
  if (target !== undefined && !findNode(world, target)) die(`no such cluster node '${target}'`)
  if (params.storage !== undefined) checkTargetStorage(world, params.storage, node, target)
  assertQuorum(world)
  const source = world.state.guests[vmid]
  if (!source) return die(`Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`)
  assertUnlocked(source)
  if (isRunning(source) !== running) die('unexpected state change')
  const snapshot = params.snapname === undefined ? undefined : source.snapshots[params.snapname]
  if (params.snapname !== undefined && !snapshot) die(`snapshot '${params.snapname}' does not exist`)
  const full = params.full === undefined ? source.config.template !== '1' : params.full === '1'
  if (!full && params.storage !== undefined) die("parameter 'storage' not allowed for linked clones")
  if (!full && params.format !== undefined) die("parameter 'format' not allowed for linked clones")
  const old = snapshot?.config ?? source.config
  const shared = checkDisks(call, source, old, full)
  checkBridges(world, call.caller.userid, old)
  if (target !== undefined && !shared) die(`can't clone VM to node '${target}' (VM uses local storage)`)
  const newid = Number(params.newid)
  if (world.state.guests[newid]?.node === node)
    die(`unable to create VM ${newid}: config file already exists`)
  return { source, old, full, newid, target }
}

function checkTargetStorage(world: World, name: string, node: string, target: string | undefined): void {
  const storage = enabledStorage(world, name, node)
  if (!storage.content.includes('images')) {
    paramError({ storage: `storage '${name}' does not support vm images` })
  }
  if (target === undefined) return
  enabledStorage(world, name, target)
  if (!storage.shared) die(`can't clone to non-shared storage '${name}'`)
}

/** Whether every disk lies on a shared storage; dies when one cannot be cloned. */
function checkDisks({ world, caller, params }: Call, source: Guest, old: Config, full: boolean): boolean {
  let shared = true
  for (const key of driveKeys(old)) {
    const drive = parseDrive(old[key] ?? '')
    if (isCdrom(drive) && !isCloudInit(drive)) continue
    const from = storageOf(drive.file ?? '') ?? ''
    if (!findStorage(world, from).shared) shared = false
    checkSpace(world, caller.userid, params.storage ?? from)
    const linkable = isCloudInit(drive) || source.config.template === '1'
    if (!full && !linkable) die(`Linked clone feature is not supported for '${drive.file}' (${key})`)
  }
  return shared
}

async function work(call: Call, plan: Plan, task: Task): Promise<void> {
  const { world, params, node } = call
  const { newid } = plan
  const taken = world.state.guests[newid]
  if (taken) {
    // The cluster's file system, not the node, sees that another node has this id.
    die(`close (rename) atomic file '/etc/pve/nodes/${node}/qemu-server/${newid}.conf' failed: File exists`)
  }
  assertWritable(world, { node, kind: 'qemu', vmid: newid })
  const guest = newGuest('qemu', newid, node, { lock: 'clone' })
  copyFirewall(world, world.state.firewalls[plan.source.vmid], newid)
  world.state.guests[newid] = guest
  world.changed()
  const made: Volume[] = []
  try {
    await copyDrives(call, plan, guest, made, task)
    writeConfig(world, guest, (config) => delete config.lock)
    if (plan.target !== undefined) guest.node = plan.target
    addToPool(world, params.pool, newid)
    world.changed()
  } catch (error) {
    if (isKilled(error)) throw error
    for (const volume of made) free(world, volume)
    if (world.state.guests[newid] === guest) forgetGuest(world, newid)
    const text = messageOf(error)
    throw new Error(text === 'received interrupt' ? text : `clone failed: ${text}`, { cause: error })
  }
}

function copiedConfig({ params, vmid }: Call, old: Config): Config {
  const config: Config = {}
  for (const [key, value] of Object.entries(old)) {
    if (/^unused\d+$/.test(key) || key === 'template' || key === 'parent') continue
    if (isDriveKey(key) && !(isCdrom(parseDrive(value)) && !isCloudInit(parseDrive(value)))) continue
    config[key] = /^net\d+$/.test(key) ? normalNet(value, true) : value
  }
  config.smbios1 = freshSmbios(old.smbios1)
  if (old.vmgenid !== undefined) config.vmgenid = randomUUID()
  config.name = params.name ?? `Copy-of-VM-${old.name ?? vmid}`
  if (params.description !== undefined) config.description = params.description
  return { ...config, lock: 'clone' }
}

async function copyDrives(call: Call, plan: Plan, guest: Guest, made: Volume[], task: Task): Promise<void> {
  const { world, params } = call
  const { old, full } = plan
  const config = copiedConfig(call, old)
  // The first write after the first disk puts name, description and network in place of the temporary file.
  const keys = driveKeys(old).filter((key) => config[key] === undefined)
  for (const key of keys) {
    const drive = parseDrive(old[key] ?? '')
    const volid = drive.file ?? ''
    const fromStorage = storageOf(volid) ?? ''
    const complete = full || isCloudInit(drive)
    task.log(`create ${complete ? 'full' : 'linked'} clone of drive ${key} (${volid})`)
    const from = findVolume(world, guest.node, volid)
    if (!from) throw new Error(`volume '${volid}' does not exist`)
    const storage = enabledStorage(world, params.storage ?? fromStorage, guest.node)
    const cloudInit = isCloudInit(drive)
    const size = cloudInit ? CLOUD_INIT_BYTES : from.size
    const format = isFileBased(storage) ? (params.format ?? from.format) : 'raw'
    const kind = cloudInit ? 'cloudinit' : 'disk'
    const parent = complete ? {} : { parent: volid }
    const avail = copyDisk.space(world, storage, guest.node)
    const volume = allocate(world, {
      storage,
      node: guest.node,
      vmid: guest.vmid,
      size,
      format,
      kind,
      ...parent,
    })
    made.push(volume)
    if (!complete) copyDisk.logLinked(task, from, volume)
    logMade(world, task, volume)
    const duration = cloudInit ? 0 : durationOf(world, config.name, full ? size : 0)
    if (cloudInit || !complete) await task.sleep(cloudInit ? Math.min(5, world.speed.cloneMs) : duration)
    else await copyDisk.full(world, task, { from, to: volume, duration, avail, name: config.name ?? '' })
    if (!complete) failLinked(config.name)
    config[key] = printDrive({ ...drive, file: volume.volid, size: formatSize(size) })
    writeConfig(world, guest, () => (guest.config = { ...config }))
  }
  if (keys.length === 0) writeConfig(world, guest, () => (guest.config = { ...config }))
}

function failLinked(name: string | undefined): void {
  if (hasSentinel(name, 'fail-clone')) throw new Error('unable to create image: Input/output error')
  if (hasSentinel(name, 'disk-full')) throw new Error('unable to create image: No space left on device')
}

export function durationOf(world: World, name: string | undefined, bytes: number): number {
  if (hasSentinel(name, 'slow-clone')) return world.speed.slowCloneMs
  return world.speed.cloneMs + (bytes / GiB) * world.speed.cloneMsPerGib
}

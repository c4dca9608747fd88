import { randomUUID } from 'node:crypto'
import { allocate, checkSpace, enabledStorage, free, isFileBased, usage, volumesOfGuest } from '../disks.ts'
import {
  driveKeys,
  isCloudInit,
  makeCloudInit,
  parseDrive,
  prefixed,
  printDrive,
  storageOf,
} from '../drives.ts'
import { die, messageOf, paramError } from '../errors.ts'
import {
  addToPool,
  assertPool,
  assertQuorum,
  assertUnlocked,
  assertUnprotected,
  checkBridges,
  copyFirewall,
  forgetGuest,
  freshSmbios,
  isRunning,
  labelOf,
  lockGuest,
  newGuest,
  normalCtNet,
  normalNet,
  normalTags,
  writeConfig,
} from '../guests.ts'
import type { Archive, Config, Guest, GuestKind, Volume } from '../model.ts'
import { can } from '../permissions.ts'
import { makeMount, parseMount, printMount } from '../rootfs.ts'
import type { Call } from '../route.ts'
import { hasSentinel } from '../sentinels.ts'
import { isKilled, startTask } from '../tasks.ts'
import type { Task } from '../tasks.ts'
import { formatSize } from '../units.ts'
import type { World } from '../world.ts'
import { assertMayAllocate } from './allocate.ts'
import { startContainer } from './lxcPower.ts'
import { startGuest } from './qemuPower.ts'
import { backupPath, openBackup } from './storageVolume.ts'

/**
 * Restoring a backup to a new VMID or, with `force`, over the guest it was taken of. What was there before is destroyed
 * first: a restore that fails leaves a machine without disks, or no container at all.
 */
export function restore(call: Call, kind: GuestKind, options: Config, volid: string): string {
  const { world, node, vmid, caller, params } = call
  const what = `unable to restore ${labelOf(kind)} ${vmid} -`
  assertQuorum(world)
  assertPool(world, params.pool)
  const existing = world.state.guests[vmid]
  const mayOverwrite =
    existing && params.force === '1' && can(world, caller.userid, `/vms/${vmid}`, 'VM.Backup')
  if (!mayOverwrite) assertMayAllocate(call)
  const disks = kind === 'qemu' ? driveKeys(options) : []
  for (const key of disks) paramError({ [key]: 'option not allowed when restoring' })
  checkBridges(world, caller.userid, options)
  const volume = openBackup(call, volid)
  if (!volume?.backup) return die(`volume '${volid}' does not exist`)
  const archive = volume.backup
  if (archive.kind !== kind) return die(`${what} unable to open archive`)
  for (const name of storagesOf(call, archive)) {
    enabledStorage(world, name, node)
    checkSpace(world, caller.userid, name)
  }
  const guest = take(call, kind, what)
  call.loseAnswer = hasSentinel(options.name ?? options.hostname, 'lost-clone')
  const type = kind === 'qemu' ? 'qmrestore' : 'vzrestore'
  return startTask(world, { node, type, id: String(vmid), user: caller.userid }, async (task) => {
    await lockGuest(world, guest, { task, seconds: 1 }, () =>
      unpack({ call, guest, archive, volid, options, task, isNew: !existing }),
    )
    if (params.start !== '1') return
    if (kind === 'qemu') startGuest(world, guest, caller.userid)
    else startContainer(world, guest, caller.userid)
  })
}

const storagesOf = ({ params }: Call, archive: Archive): string[] => [
  ...new Set(Object.values(archive.disks).map((disk) => params.storage ?? disk.storage)),
]

/** Takes the VMID, or the guest that is there, for itself. */
function take({ world, node, vmid, params }: Call, kind: GuestKind, what: string): Guest {
  const existing = world.state.guests[vmid]
  if (!existing) {
    const guest = newGuest(kind, vmid, node, { lock: 'create' })
    world.state.guests[vmid] = guest
    world.changed()
    return guest
  }
  try {
    if (params.force !== '1' || existing.node !== node || existing.kind !== kind)
      die(`${labelOf(existing.kind)} ${vmid} already exists on node '${existing.node}'`)
    assertUnlocked(existing)
    if (kind === 'lxc' && isRunning(existing)) die("can't overwrite running container")
    writeConfig(world, existing, (config) => (config.lock = 'create'))
  } catch (error) {
    die(messageOf(prefixed(error, what)))
  }
  return existing
}

type Unpack = {
  call: Call
  guest: Guest
  archive: Archive
  volid: string
  options: Config
  task: Task
  isNew: boolean
}

async function unpack(work: Unpack): Promise<void> {
  const { call, guest, archive, volid, task, isNew } = work
  const { world, params, vmid } = call
  const made: Volume[] = []
  let gone = false
  try {
    if (!isNew) {
      if (isRunning(guest)) die('vm is running')
      assertUnprotected(guest, `can't overwrite ${labelOf(guest.kind)} ${vmid}`)
    }
    logBegin(world, guest, volid, task)
    await task.sleep(world.speed.restoreMs / 2)
    gone = true
    clear(world, guest)
    const config = settings(work)
    for (const key of Object.keys(archive.disks)) config[key] = makeVolume(work, key, made)
    for (const key of driveKeys(config).filter(
      (one) => guest.kind === 'qemu' && isCloudInit(parseDrive(config[one] ?? '')),
    )) {
      const drive = parseDrive(config[key] ?? '')
      const own = makeCloudInit(world, guest, params.storage ?? storageOf(drive.file ?? '') ?? '')
      made.push(own)
      config[key] = printDrive({ ...drive, file: own.volid })
    }
    await task.sleep(world.speed.restoreMs / 2)
    if (guest.kind === 'lxc') {
      task.log('Total bytes read: 2508800 (2.4MiB, 36MiB/s)')
      task.log('merging backed-up and given configuration..')
    }
    writeConfig(world, guest, () => (guest.config = config))
    copyFirewall(world, archive.firewall, vmid)
    addToPool(world, params.pool, vmid)
  } catch (error) {
    if (isKilled(error)) throw error
    for (const volume of made) free(world, volume)
    if (guest.kind === 'lxc' && (isNew || gone)) forgetGuest(world, vmid)
    else delete guest.config.lock
    world.changed()
    if (guest.kind === 'qemu')
      task.log('error before or during data restore, some or all disks were not completely restored.')
    throw messageOf(error) === 'received interrupt'
      ? error
      : prefixed(error, `unable to restore ${labelOf(guest.kind)} ${vmid} -`)
  }
}

function logBegin(world: World, guest: Guest, volid: string, task: Task): void {
  const path = backupPath(enabledStorage(world, storageOf(volid) ?? '', guest.node), volid)
  if (guest.kind === 'qemu') {
    task.log(`restore vma archive: zstd -q -d -c ${path} | vma extract -v -r /var/tmp/vzdumptmp -`)
    return
  }
  task.log(`recovering backed-up configuration from '${volid}'`)
  task.log(`restoring '${volid}' now..`)
  task.log(`extracting archive '${path}'`)
}

/** The old disks go, and of a container its configuration, too. Snapshots go with them. */
function clear(world: World, guest: Guest): void {
  for (const volume of volumesOfGuest(world, guest.node, guest.vmid)) free(world, volume)
  guest.snapshots = {}
  guest.pending = {}
  guest.pendingDelete = {}
  if (guest.kind === 'lxc') guest.config = { lock: 'create' }
}

/** The configuration of the archive with what the call says; `unique` makes it another machine to the network. */
function settings({ call, guest, archive, options }: Unpack): Config {
  const unique = call.params.unique === '1'
  const config: Config = { ...archive.config, ...options }
  if (config.tags !== undefined) config.tags = normalTags(config.tags)
  const net = guest.kind === 'qemu' ? normalNet : normalCtNet
  for (const key of Object.keys(config).filter((one) => /^net\d+$/.test(one)))
    config[key] = net(config[key] ?? '', unique && options[key] === undefined)
  if (guest.kind === 'qemu') {
    if (config.vmgenid !== undefined && config.vmgenid !== '0') config.vmgenid = randomUUID()
    if (unique) config.smbios1 = freshSmbios(config.smbios1)
  }
  return config
}

function makeVolume({ call, guest, archive, options, task }: Unpack, key: string, made: Volume[]): string {
  const { world, node, params, vmid } = call
  const given = guest.kind === 'lxc' ? options[key] : undefined
  if (given !== undefined) {
    const { text, volume } = makeMount(world, guest, given, task)
    made.push(volume)
    return text
  }
  const disk = archive.disks[key] ?? die(`no disk ${key} in the archive`)
  const storage = enabledStorage(world, params.storage ?? disk.storage, node)
  if (usage(world, storage, node).avail < disk.size)
    die('unable to create image: qemu-img: Could not resize image: No space left on device')
  const isMachine = guest.kind === 'qemu'
  const volume = allocate(world, {
    storage,
    node,
    vmid,
    size: disk.size,
    format: isMachine && isFileBased(storage) ? (disk.format === 'qcow2' ? 'qcow2' : 'raw') : 'raw',
    kind: 'disk',
    content: isMachine ? 'images' : 'rootdir',
  })
  made.push(volume)
  const text = archive.config[key] ?? ''
  const size = formatSize(disk.size)
  if (isMachine) return printDrive({ ...parseDrive(text), file: volume.volid, size })
  return printMount({ ...parseMount(text), volume: volume.volid, size })
}

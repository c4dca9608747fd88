import {
  checkSpace,
  findVolume,
  findStorage,
  free,
  linkedClonesOf,
  makeBase,
  putVolume,
  usage,
  volumesOfGuest,
} from '../disks.ts'
import { driveKeys, isCdrom, isCloudInit, parseDrive, printDrive } from '../drives.ts'
import { die, paramError } from '../errors.ts'
import {
  assertUnlocked,
  assertUnprotected,
  assertWritable,
  digestOf,
  forgetGuest,
  isRunning,
} from '../guests.ts'
import { loadGuest, lockGuest, writeConfig } from '../guests.ts'
import { assertNotManaged } from '../ha.ts'
import type { Guest, Volume } from '../model.ts'
import type { Call, Route } from '../route.ts'
import { bool, req, str } from '../schema.ts'
import { startTask } from '../tasks.ts'
import type { Task } from '../tasks.ts'
import { formatSize, parseSize } from '../units.ts'
import { quorate } from '../world.ts'
import type { World } from '../world.ts'

const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${name}${index}`)
const DRIVES = [
  ...numbered('ide', 4),
  ...numbered('scsi', 31),
  ...numbered('virtio', 16),
  ...numbered('sata', 6),
  'efidisk0',
  'tpmstate0',
]

export const qemuDiskRoutes: Route[] = [
  {
    method: 'PUT',
    path: '/nodes/{node}/qemu/{vmid}/resize',
    allow: { path: '/vms/{vmid}', privileges: ['VM.Config.Disk'] },
    schema: {
      digest: str({ maxLength: 40 }),
      disk: req(str({ enum: DRIVES })),
      size: req(str({ pattern: /\+?\d+(\.\d+)?[KMGT]?/ })),
      skiplock: bool(),
    },
    run: (call) => fork(call, 'resize', (task) => resize(call, task)),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/qemu/{vmid}/template',
    allow: { path: '/vms/{vmid}', privileges: ['VM.Allocate'] },
    schema: { disk: str({ enum: DRIVES }) },
    run: (call) => {
      checkTemplate(call)
      return fork(call, 'qmtemplate', (task) => makeTemplate(call, task))
    },
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/qemu/{vmid}',
    allow: { path: '/vms/{vmid}', privileges: ['VM.Allocate'] },
    schema: { 'destroy-unreferenced-disks': bool(), purge: bool(), skiplock: bool() },
    run: (call) => {
      checkDestroy(call)
      return fork(call, 'qmdestroy', (task) => destroy(call, task))
    },
  },
]

function fork(call: Call, type: string, work: (task: Task) => Promise<void>): string {
  const { world, node, vmid, caller, params } = call
  if (params.skiplock === '1' && caller.userid !== 'root@pam') {
    paramError({ skiplock: 'Only root may use this option.' })
  }
  return startTask(world, { node, type, id: String(vmid), user: caller.userid }, (task) =>
    lockGuest(world, { node, kind: 'qemu', vmid }, { task }, () => work(task)),
  )
}

const load = ({ world, node, vmid }: Call) => loadGuest(world, node, 'qemu', vmid)

async function resize(call: Call, task: Task): Promise<void> {
  const { world, params, node, caller } = call
  const guest = load(call)
  const { disk = '', size: wanted = '' } = params
  if (params.digest !== undefined && params.digest !== digestOf(guest)) {
    die('checksum mismatch (file change by other user?)')
  }
  if (params.skiplock !== '1') assertUnlocked(guest)
  const text = guest.config[disk]
  if (text === undefined) return die(`disk '${disk}' does not exist`)
  const drive = parseDrive(text)
  if (isCdrom(drive)) die("you can't resize a cdrom")
  const volume = findVolume(world, node, drive.file ?? '')
  if (!volume) return die(`Could not determine current size of volume '${drive.file}'`)
  checkSpace(world, caller.userid, volume.storage)
  const size = newSize(volume.size, wanted)
  if (size < volume.size) die('shrinking disks is not supported')
  if (size === volume.size) return
  await growVolume(world, node, volume, size, task)
  writeConfig(world, guest, (config) => {
    config[disk] = printDrive({ ...drive, size: formatSize(size) })
  })
}

export function newSize(current: number, wanted: string): number {
  const bytes = parseSize(wanted.replace(/^\+/, '')) ?? 0
  return wanted.startsWith('+') ? current + bytes : bytes
}

export async function growVolume(world: World, node: string, volume: Volume, size: number, task: Task) {
  const { avail } = usage(world, findStorage(world, volume.storage), node)
  if (volume.parent === null && avail < size - volume.size) {
    task.log('qemu-img: Could not resize file: No space left on device')
    die(`command '/usr/bin/qemu-img resize ${volume.volid} ${size}' failed: exit code 1`)
  }
  await task.sleep(world.speed.resizeMs)
  task.log('Image resized.')
  putVolume(world, { ...volume, size })
}

function checkTemplate(call: Call): Guest {
  const guest = load(call)
  assertUnlocked(guest)
  if (Object.keys(guest.snapshots).length > 0) die('unable to create template, because VM contains snapshots')
  if (guest.config.template === '1' && call.params.disk === undefined) {
    die("you can't convert a template to a template")
  }
  if (isRunning(guest)) die("you can't convert a VM to template if VM is running")
  return guest
}

/** It is a template from the first moment, its disks are base images a while later: who is killed between leaves half. */
async function makeTemplate(call: Call, task: Task): Promise<void> {
  const guest = checkTemplate(call)
  writeConfig(call.world, guest, (config) => (config.template = '1'))
  await task.sleep(call.world.speed.configMs)
  writeConfig(call.world, guest, () => convertDrives(call.world, guest, call.params.disk))
}

/** Disks become base images; the cloud-init drive stays what it is. */
function convertDrives(world: World, guest: Guest, only: string | undefined): void {
  for (const key of driveKeys(guest.config)) {
    if (only !== undefined && key !== only) continue
    const drive = parseDrive(guest.config[key] ?? '')
    const volume = findVolume(world, guest.node, drive.file ?? '')
    if (!volume || isCdrom(drive) || isCloudInit(drive)) continue
    guest.config[key] = printDrive({ ...drive, file: makeBase(world, volume).volid })
  }
}

function checkDestroy(call: Call): Guest {
  const guest = load(call)
  assertUnprotected(guest, `can't remove VM ${call.vmid}`)
  if (isRunning(guest)) die(`VM ${call.vmid} is running - destroy failed`)
  assertNotManaged(call.world, guest, call.params.purge === '1')
  return guest
}

async function destroy(call: Call, task: Task): Promise<void> {
  const { world, vmid, node, params } = call
  const guest = checkDestroy(call)
  if (params.skiplock !== '1') assertUnlocked(guest)
  const referenced = new Set(
    Object.entries(guest.config).map(([key, value]) => (key.startsWith('unused') ? value : parseFile(value))),
  )
  const volumes = volumesOfGuest(world, node, vmid)
  const doomed = volumes.filter(
    (volume) => referenced.has(volume.volid) || params['destroy-unreferenced-disks'] === '1',
  )
  const used = doomed.find((volume) => linkedClonesOf(world, volume).length > 0)
  if (used) die(`base volume '${used.volid}' is still in use by linked cloned`)
  await task.sleep(world.speed.destroyMs)
  // Without quorum the real server tries for some twenty seconds before it gives up.
  if (!quorate(world)) await task.sleep(20 * world.speed.secondMs)
  assertWritable(world, guest)
  for (const volume of doomed) free(world, volume)
  if (params.purge === '1') task.log(`purging VM ${vmid} from related configurations..`)
  forgetGuest(world, vmid)
}

const parseFile = (value: string) => value.split(',')[0]?.replace(/^file=/, '') ?? ''

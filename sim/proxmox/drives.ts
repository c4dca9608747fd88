import { messageOf } from './errors.ts'
import type { Config, Guest, Volume } from './model.ts'
import { allocate, enabledStorage, findVolume, formattingLine, isFileBased, usage } from './disks.ts'
import { printProperties, splitProperties } from './property.ts'
import { DRIVE_FORMAT, isDriveKey } from './qemuSchema.ts'
import type { Properties } from './schemaTypes.ts'
import type { Task } from './tasks.ts'
import { formatSize, GiB, MiB, parseSize } from './units.ts'
import type { World } from './world.ts'

/** Drives of virtual machines: `scsi0: local:102/vm-102-disk-0.qcow2,size=10G`. */

export const CLOUD_INIT_BYTES = 4 * MiB

export const parseDrive = (text: string): Properties => splitProperties(DRIVE_FORMAT, text)

export function printDrive({ format: _unused, ...drive }: Properties): string {
  return printProperties(DRIVE_FORMAT, drive)
}

export const isCdrom = (drive: Properties): boolean => drive.media === 'cdrom'
export const isCloudInit = (drive: Properties): boolean =>
  /(:cloudinit|vm-\d+-cloudinit)/.test(drive.file ?? '')
export const storageOf = (volid: string): string | null => /^([^/:\s]+):/.exec(volid)?.[1] ?? null

/** `local:32`: a disk yet to be made, 32 GiB. */
export function newDisk(file: string): { storage: string; bytes: number } | null {
  const match = /^([^/:\s]+):(\d+(?:\.\d+)?)$/.exec(file)
  return match ? { storage: match[1] ?? '', bytes: Number(match[2]) * GiB } : null
}

export const driveKeys = (config: Config): string[] => Object.keys(config).filter(isDriveKey).toSorted()

/** The disk whose size and name stand for the guest. */
function bootDisk(guest: Guest): string | null {
  const ordered = /order=([^,]*)/.exec(guest.config.boot ?? '')?.[1]?.split(';') ?? []
  const keys = [...ordered, ...driveKeys(guest.config)]
  return keys.find((key) => isDriveKey(key) && isData(guest.config[key])) ?? null
}

const isData = (text: string | undefined) => text !== undefined && !isCdrom(parseDrive(text))

export function diskBytes(guest: Guest): number {
  const key = guest.kind === 'lxc' ? 'rootfs' : bootDisk(guest)
  const size = key === null ? undefined : /(?:^|,)size=([^,]+)/.exec(guest.config[key] ?? '')?.[1]
  return size === undefined ? 0 : (parseSize(size) ?? 0)
}

/** Makes the disk that a new or changed drive asks for; existing volumes are taken as they are. */
export function realizeDrive(
  world: World,
  guest: Guest,
  key: string,
  text: string,
  task: Task | null,
): string {
  const drive = parseDrive(text)
  const file = drive.file ?? ''
  if (file === 'none' || file === 'cdrom') return printDrive(drive)
  if (/^[^/:\s]+:cloudinit$/.test(file)) {
    const volume = makeCloudInit(world, guest, storageOf(file) ?? '')
    logMade(world, task, volume)
    const made = printDrive({ ...drive, file: volume.volid, media: 'cdrom' })
    task?.log(`${key}: successfully created disk '${made}'`)
    return made
  }
  const wanted = newDisk(file)
  if (!wanted) return keepVolume(world, guest, drive)
  const volume = makeDisk(world, guest, {
    ...wanted,
    ...(drive.format !== undefined && { format: drive.format }),
  })
  logMade(world, task, volume)
  const made = printDrive({ ...drive, file: volume.volid, size: formatSize(volume.size) })
  task?.log(`${key}: successfully created disk '${made}'`)
  return made
}

function keepVolume(world: World, guest: Guest, drive: Properties): string {
  const volume = findVolume(world, guest.node, drive.file ?? '')
  if (!volume) throw new Error(`volume '${drive.file}' does not exist`)
  return printDrive(isCdrom(drive) ? drive : { ...drive, size: formatSize(volume.size) })
}

export function makeCloudInit(world: World, guest: Guest, storageName: string): Volume {
  const storage = enabledStorage(world, storageName, guest.node)
  const format = isFileBased(storage) ? 'qcow2' : 'raw'
  const kind = 'cloudinit'
  return allocate(world, {
    storage,
    node: guest.node,
    vmid: guest.vmid,
    size: CLOUD_INIT_BYTES,
    format,
    kind,
  })
}

type DiskWish = { storage: string; bytes: number; format?: string }

function makeDisk(world: World, guest: Guest, wish: DiskWish): Volume {
  const storage = enabledStorage(world, wish.storage, guest.node)
  if (!storage.content.includes('images'))
    throw new Error(`storage '${wish.storage}' does not support vm images`)
  const format = isFileBased(storage) ? (wish.format ?? 'raw') : 'raw'
  if (usage(world, storage, guest.node).avail < wish.bytes) {
    throw new Error('unable to create image: qemu-img: Could not resize image: No space left on device')
  }
  return allocate(world, {
    storage,
    node: guest.node,
    vmid: guest.vmid,
    size: wish.bytes,
    format,
    kind: 'disk',
  })
}

export function logMade(world: World, task: Task | null, volume: Volume): void {
  const storage = world.state.storages.find((one) => one.name === volume.storage)
  const line = storage && formattingLine(storage, volume)
  if (line) task?.log(line)
}

/** Where a removed disk is kept until somebody really deletes it. */
export function addUnused(config: Config, volid: string): void {
  if (Object.entries(config).some(([key, value]) => key.startsWith('unused') && value === volid)) return
  for (let index = 0; ; index += 1) {
    if (config[`unused${index}`] === undefined) {
      config[`unused${index}`] = volid
      return
    }
  }
}

/** First disk, first CD, first network card: what a guest without a boot order gets. */
export function defaultBootOrder(config: Config): string {
  const keys = driveKeys(config)
  const disk = keys.find((key) => isData(config[key]))
  const cdrom = keys.find((key) => !isData(config[key]))
  const net = Object.keys(config)
    .filter((key) => /^net\d+$/.test(key))
    .toSorted()[0]
  const order = [disk, cdrom, net].filter((key) => key !== undefined)
  return order.length === 0 ? '' : `order=${order.join(';')}`
}

export const prefixed = (error: unknown, prefix: string): Error => new Error(`${prefix} ${messageOf(error)}`)

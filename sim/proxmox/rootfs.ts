import { randomUUID } from 'node:crypto'
import { die } from './errors.ts'
import { allocate, enabledStorage, formattingLine, isFileBased, usage } from './disks.ts'
import { newDisk } from './drives.ts'
import { ROOTFS_FORMAT } from './lxcSchema.ts'
import type { Guest, Volume } from './model.ts'
import { printProperties, splitProperties } from './property.ts'
import type { Properties } from './schemaTypes.ts'
import type { Task } from './tasks.ts'
import { formatSize } from './units.ts'
import type { World } from './world.ts'

/** Volumes of containers: `rootfs: local-lvm:vm-400-disk-0,size=8G`. */

export const parseMount = (text: string): Properties =>
  splitProperties({ ...ROOTFS_FORMAT, keys: KEYS }, text)
export const printMount = (mount: Properties): string => printProperties(ROOTFS_FORMAT, mount)

const KEYS = { ...ROOTFS_FORMAT.keys, mp: { type: 'string' }, backup: { type: 'boolean' } } as const

export const isMountKey = (key: string): boolean => /^(rootfs|mp\d+)$/.test(key)

/** Makes the volume that `local:8` asks for. Nought gibibytes on a directory is a plain folder. */
export function makeMount(
  world: World,
  guest: Guest,
  text: string,
  task: Task,
): { text: string; volume: Volume } {
  const mount = parseMount(text)
  const wanted = newDisk(mount.volume ?? '')
  if (!wanted) return die(`unable to parse volume ID '${mount.volume}'`)
  const storage = enabledStorage(world, wanted.storage, guest.node)
  const subvol = storage.type === 'zfspool' || (isFileBased(storage) && wanted.bytes === 0)
  if (usage(world, storage, guest.node).avail < wanted.bytes) {
    die(`unable to create image: qemu-img: Could not resize image: No space left on device`)
  }
  const volume = allocate(world, {
    storage,
    node: guest.node,
    vmid: guest.vmid,
    size: wanted.bytes,
    format: subvol ? 'subvol' : 'raw',
    kind: subvol ? 'subvol' : 'disk',
    content: 'rootdir',
  })
  logFilesystem(task, formattingLine(storage, volume), volume)
  return { text: printMount({ ...mount, volume: volume.volid, size: formatSize(wanted.bytes) }), volume }
}

export function logFilesystem(task: Task, formatting: string | null, volume: Volume): void {
  if (volume.format === 'subvol') return
  if (formatting !== null) task.log(formatting)
  const blocks = Math.floor(volume.size / 4096)
  task.log(`Creating filesystem with ${blocks} 4k blocks and ${Math.floor(blocks / 4)} inodes`)
  task.log(`Filesystem UUID: ${randomUUID()}`)
  task.log('Superblock backups stored on blocks: ')
  task.log(`\t${superblocks(blocks).join(', ')}`)
}

/** Powers of three, five and seven, times the size of a block group. */
function superblocks(blocks: number): number[] {
  const group = 32_768
  const powers = [3, 5, 7].flatMap((base) => [1, 2, 3, 4, 5, 6, 7].map((exponent) => base ** exponent))
  return [1, ...powers]
    .map((index) => index * group)
    .filter((block) => block < blocks)
    .toSorted((one, other) => one - other)
}

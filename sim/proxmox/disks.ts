import { checkAny, check } from './permissions.ts'
import { die } from './errors.ts'
import type { StorageState, Volume } from './model.ts'
import { now } from './world.ts'
import type { World } from './world.ts'

/** Storages and the volumes in them. Every byte of a volume counts as used, as on a thick storage. */

export type Usage = { total: number; used: number; avail: number }

export function findStorage(world: World, name: string): StorageState {
  return (
    world.state.storages.find((storage) => storage.name === name) ?? die(`storage '${name}' does not exist`)
  )
}

export const isOnNode = (storage: StorageState, node: string): boolean =>
  storage.nodes === null || storage.nodes.includes(node)

export function enabledStorage(world: World, name: string, node: string): StorageState {
  const storage = findStorage(world, name)
  if (!isOnNode(storage, node)) die(`storage '${name}' is not available on node '${node}'`)
  return storage
}

const place = (storage: StorageState, node: string) => (storage.shared ? null : node)
const keyOf = (node: string | null, volid: string) => `${node ?? '*'}|${volid}`
export const isFileBased = (storage: StorageState): boolean =>
  storage.type === 'dir' || storage.type === 'nfs'

export function volumesOf(world: World, storage: StorageState, node: string): Volume[] {
  return Object.values(world.state.volumes)
    .filter((volume) => volume.storage === storage.name && volume.node === place(storage, node))
    .toSorted((one, other) => (one.volid < other.volid ? -1 : 1))
}

/** A linked clone only holds what it changed, which here is nothing. */
const ownBytes = (volume: Volume) => (volume.parent === null ? volume.size : 0)

export function usage(world: World, storage: StorageState, node: string): Usage {
  const taken = volumesOf(world, storage, node).reduce(
    (sum, volume) => sum + ownBytes(volume),
    storage.usedBytes,
  )
  const full = storage.full.includes('*') || storage.full.includes(node)
  const used = full ? storage.sizeBytes : Math.min(taken, storage.sizeBytes)
  return { total: storage.sizeBytes, used, avail: storage.sizeBytes - used }
}

export function findVolume(world: World, node: string, volid: string): Volume | undefined {
  const storage = world.state.storages.find((one) => one.name === volid.split(':')[0])
  return storage && world.state.volumes[keyOf(place(storage, node), volid)]
}

/** Volumes a guest owns on its storages, referenced by its configuration or not. Its backups outlive it. */
export function volumesOfGuest(world: World, node: string, vmid: number): Volume[] {
  return Object.values(world.state.volumes).filter(
    (volume) =>
      volume.vmid === vmid && volume.content !== 'backup' && (volume.node === null || volume.node === node),
  )
}

export type NewVolume = {
  storage: StorageState
  node: string
  vmid: number
  size: number
  format: string
  kind: 'disk' | 'cloudinit' | 'subvol'
  parent?: string
  content?: string
}

export function allocate(world: World, wanted: NewVolume): Volume {
  const { storage, node, vmid } = wanted
  const volid = `${storage.name}:${volumeName(world, wanted)}`
  const volume: Volume = {
    volid,
    storage: storage.name,
    node: place(storage, node),
    vmid,
    size: wanted.size,
    format: wanted.format,
    content: wanted.content ?? 'images',
    parent: wanted.parent ?? null,
    createdAt: now(),
  }
  world.state.volumes[keyOf(volume.node, volid)] = volume
  world.changed()
  return volume
}

export function free(world: World, volume: Volume): void {
  delete world.state.volumes[keyOf(volume.node, volume.volid)]
  world.changed()
}

export function putVolume(world: World, volume: Volume): void {
  world.state.volumes[keyOf(volume.node, volume.volid)] = volume
}

function volumeName(world: World, { storage, node, vmid, format, kind, parent }: NewVolume): string {
  const extension = isFileBased(storage) ? `.${format}` : ''
  const folder = isFileBased(storage) ? `${vmid}/` : ''
  // The name of a linked clone tells its base, on those storages that keep the two together.
  const base = parent === undefined || storage.type === 'lvmthin' ? '' : `${parent.split(':')[1]}/`
  if (kind === 'cloudinit') return `${base}${folder}vm-${vmid}-cloudinit${extension}`
  const prefix = kind === 'subvol' ? 'subvol' : 'vm'
  const taken = new Set(
    volumesOf(world, storage, node)
      .filter((volume) => volume.vmid === vmid)
      .map((volume) => /-disk-(\d+)/.exec(lastPart(volume.volid))?.[1]),
  )
  let index = 0
  while (taken.has(String(index))) index += 1
  return `${base}${folder}${prefix}-${vmid}-disk-${index}${extension}`
}

const lastPart = (volid: string): string => volid.split(/[:/]/).at(-1) ?? volid

/** A template's disks are renamed: linked clones read from them. */
export function makeBase(world: World, volume: Volume): Volume {
  const renamed = { ...volume, volid: volume.volid.replace(/\b(vm)-(\d+-disk-)/, 'base-$2') }
  free(world, volume)
  putVolume(world, renamed)
  return renamed
}

export const linkedClonesOf = (world: World, volume: Volume): Volume[] =>
  Object.values(world.state.volumes).filter(
    (other) => other.parent === volume.volid && (other.node === volume.node || other.node === null),
  )

/** The path in log lines. */
export function pathOf(storage: StorageState, volid: string): string {
  const parts = (volid.split(':')[1] ?? '').split('/')
  if (isFileBased(storage)) return `${storage.path}/images/${parts.slice(-2).join('/')}`
  return `${storage.path}/${parts.at(-1)}`
}

/** What the tools print when a volume is made. */
export function formattingLine(storage: StorageState, volume: Volume): string | null {
  if (storage.type === 'lvmthin') return `  Logical volume "${lastPart(volume.volid)}" created.`
  if (!isFileBased(storage) || volume.format === 'subvol') return null
  const head = `Formatting '${pathOf(storage, volume.volid)}', fmt=${volume.format}`
  if (volume.format !== 'qcow2') return `${head} size=${volume.size} preallocation=off`
  const linked = volume.parent !== null
  const parentPath = `../${(volume.parent ?? '').split(':')[1]}`
  const backing = linked ? ` backing_file=${parentPath} backing_fmt=qcow2` : ''
  const cluster = linked ? 'cluster_size=131072 extended_l2=on' : 'cluster_size=65536 extended_l2=off'
  return (
    `${head} ${cluster} preallocation=metadata compression_type=zlib size=${volume.size}${backing}` +
    ' lazy_refcounts=off refcount_bits=16'
  )
}

export function checkSpace(world: World, userid: string, storage: string): void {
  check(world, userid, `/storage/${storage}`, ['Datastore.AllocateSpace'])
}

export const mayUseStorage = (world: World, userid: string, storage: string): boolean => {
  try {
    checkAny(world, userid, `/storage/${storage}`, ['Datastore.Audit', 'Datastore.AllocateSpace'])
    return true
  } catch {
    return false
  }
}

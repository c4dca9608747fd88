import { enabledStorage, findVolume, free, isFileBased } from '../disks.ts'
import { die, permError } from '../errors.ts'
import type { StorageState, Volume } from '../model.ts'
import { can, check } from '../permissions.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, str } from '../schema.ts'
import { startTask } from '../tasks.ts'
import type { World } from '../world.ts'

/** One volume of a storage. Only backups may be looked at, changed and deleted here; disks belong to their guests. */

const PATH = '/nodes/{node}/storage/{storage}/content/{volume}'

export const storageVolumeRoutes: Route[] = [
  { method: 'GET', path: PATH, allow: 'all', run: read },
  {
    method: 'PUT',
    path: PATH,
    allow: 'all',
    schema: { notes: str(), protected: bool() },
    run: change,
  },
  { method: 'DELETE', path: PATH, allow: 'all', schema: { delay: int({ min: 1, max: 30 }) }, run: remove },
]

/** Where the file of a backup lies. */
export function backupPath(storage: StorageState, volid: string): string {
  return `${storage.path}/dump/${volid.split('/').at(-1)}`
}

/** Who may allocate everything on the storage, or has its space and the right to back up the guest. */
export function mayUseBackup(world: World, userid: string, { storage, vmid }: Volume): boolean {
  const path = `/storage/${storage}`
  return (
    can(world, userid, path, 'Datastore.Allocate') ||
    (can(world, userid, path, 'Datastore.AllocateSpace') && can(world, userid, `/vms/${vmid}`, 'VM.Backup'))
  )
}

/** The owner of a backup is told by the name of its file, also when there is no such file. */
const BACKUP =
  /^[^:]+:backup\/vzdump-(?:qemu|lxc)-(\d+)-\d{4}(?:_\d\d){2}-\d\d_\d\d_\d\d\.(?:vma|tar)(?:\.\w+)?$/

/** @returns the volume, undefined when there is none of that name. Rights come first. */
export function openBackup(
  { world, node, caller }: Pick<Call, 'world' | 'node' | 'caller'>,
  volid: string,
): Volume | undefined {
  const [storage = ''] = volid.split(':')
  const owner = BACKUP.exec(volid)?.[1]
  if (owner === undefined) {
    if (!can(world, caller.userid, `/storage/${storage}`, 'Datastore.Allocate')) permError()
    return die(`unable to parse directory volume name '${volid.split(':')[1] ?? ''}'`)
  }
  if (!can(world, caller.userid, `/storage/${storage}`, 'Datastore.Allocate')) {
    check(world, caller.userid, `/storage/${storage}`, ['Datastore.AllocateSpace'])
    check(world, caller.userid, `/vms/${owner}`, ['VM.Backup'])
  }
  enabledStorage(world, storage, node)
  return findVolume(world, node, volid)
}

/** `local:backup/x` and `backup/x` mean the same here. */
const volidOf = ({ params }: Call): string =>
  params.volume?.includes(':') === true ? params.volume : `${params.storage}:${params.volume}`

function existing(call: Call): Volume & Required<Pick<Volume, 'backup'>> {
  const volid = volidOf(call)
  const volume = openBackup(call, volid)
  if (!volume?.backup) return die(`volume_size_info on '${volid}' failed`)
  return { ...volume, backup: volume.backup }
}

function read(call: Call): unknown {
  const { storage, volid, size, format, backup } = existing(call)
  return {
    path: backupPath(enabledStorage(call.world, storage, call.node), volid),
    size,
    used: size,
    format,
    notes: backup.notes,
    ...(backup.protected && { protected: 1 }),
  }
}

function change(call: Call): null {
  const { params, world } = call
  // That a file is protected is said by another one beside it, whether or not it exists itself.
  const backup = openBackup(call, volidOf(call))?.backup
  if (!backup) return null
  if (params.notes !== undefined) backup.notes = params.notes
  if (params.protected !== undefined) backup.protected = params.protected === '1'
  world.changed()
  return null
}

function remove(call: Call): string {
  const { world, node, caller, params } = call
  const volid = volidOf(call)
  const owner = BACKUP.exec(volid)?.[1]
  openBackup(call, volid)
  const id = `${owner}@${params.storage}`
  return startTask(world, { node, type: 'imgdel', id, user: caller.userid }, async (task) => {
    const storage = enabledStorage(world, params.storage ?? '', node)
    const volume = findVolume(world, node, volid)
    await task.sleep(world.speed.destroyMs)
    if (volume?.backup?.protected)
      die(`cannot remove protected volume '${volid.split(':')[1]}' on '${storage.name}'`)
    if (!volume && isFileBased(storage)) task.log(`disk image '${backupPath(storage, volid)}' does not exist`)
    if (volume) free(world, volume)
    task.log(`Removed volume '${volid}'`)
  })
}

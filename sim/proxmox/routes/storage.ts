import { enabledStorage, findStorage, isOnNode, mayUseStorage, usage, volumesOf } from '../disks.ts'
import { splitList } from '../formats.ts'
import type { StorageState, Volume } from '../model.ts'
import { can } from '../permissions.ts'
import type { Allow, Call, Route } from '../route.ts'
import { bool, int, str } from '../schema.ts'
import type { World } from '../world.ts'
import { mayUseBackup } from './storageVolume.ts'

const allow: Allow = {
  path: '/storage/{storage}',
  privileges: ['Datastore.Audit', 'Datastore.AllocateSpace'],
  any: true,
}

const CONTENT = ['images', 'rootdir', 'vztmpl', 'iso', 'backup', 'snippets', 'import', 'none']

export const storageRoutes: Route[] = [
  {
    method: 'GET',
    path: '/storage',
    allow: 'all',
    schema: {
      type: str({
        enum: ['dir', 'nfs', 'lvmthin', 'zfspool', 'rbd', 'btrfs', 'cephfs', 'cifs', 'lvm', 'pbs'],
      }),
    },
    run: definitions,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage',
    allow: 'all',
    schema: {
      content: str({ format: 'string-list' }),
      enabled: bool(),
      format: bool(),
      storage: str({ format: 'pve-storage-id' }),
      target: str({ format: 'pve-node' }),
    },
    run: list,
  },
  { method: 'GET', path: '/nodes/{node}/storage/{storage}/status', allow, run: status },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/content',
    allow,
    schema: {
      content: str({ enum: CONTENT }),
      vmid: int({ format: 'pve-vmid', min: 100, max: 999_999_999 }),
    },
    run: content,
  },
]

function definitions({ world, caller, params }: Call): unknown[] {
  return world.state.storages
    .filter((storage) => mayUseStorage(world, caller.userid, storage.name))
    .filter((storage) => params.type === undefined || storage.type === params.type)
    .map((storage) => ({
      storage: storage.name,
      type: storage.type,
      content: storage.content.join(','),
      digest: '0000000000000000000000000000000000000000',
      ...(storage.type === 'dir' && { path: storage.path, 'prune-backups': 'keep-all=1' }),
      ...(storage.shared && { shared: 1 }),
      ...(storage.nodes && { nodes: storage.nodes.join(',') }),
    }))
}

function figures(world: World, storage: StorageState, node: string) {
  const { total, used, avail } = usage(world, storage, node)
  return {
    type: storage.type,
    content: storage.content.join(','),
    active: 1,
    enabled: 1,
    shared: storage.shared ? 1 : 0,
    total,
    used,
    avail,
  }
}

function list({ world, caller, node, params }: Call): unknown[] {
  const wanted = splitList(params.content ?? '')
  return world.state.storages
    .filter((storage) => isOnNode(storage, node) && mayUseStorage(world, caller.userid, storage.name))
    .filter((storage) => params.storage === undefined || storage.name === params.storage)
    .filter((storage) => params.target === undefined || (storage.shared && isOnNode(storage, params.target)))
    .filter((storage) => wanted.length === 0 || wanted.some((one) => storage.content.includes(one)))
    .map((storage) => {
      const shown = figures(world, storage, node)
      return {
        storage: storage.name,
        ...shown,
        used_fraction: shown.total === 0 ? 0 : shown.used / shown.total,
      }
    })
}

function status({ world, node, params }: Call): unknown {
  const storage = findStorage(world, params.storage ?? '')
  return figures(world, enabledStorage(world, storage.name, node), node)
}

function content({ world, caller, node, params }: Call): unknown[] {
  const storage = enabledStorage(world, params.storage ?? '', node)
  return volumesOf(world, storage, node)
    .filter((volume) => params.content === undefined || volume.content === params.content)
    .filter((volume) => params.vmid === undefined || volume.vmid === Number(params.vmid))
    .filter((volume) => maySee(world, caller.userid, volume))
    .map(row)
}

/** Disks are shown to who may allocate on the storage or look at their guest. */
function maySee(world: World, userid: string, volume: Volume): boolean {
  if (volume.vmid === null) return true
  if (volume.backup !== undefined) return mayUseBackup(world, userid, volume)
  return (
    can(world, userid, `/storage/${volume.storage}`, 'Datastore.Allocate') ||
    can(world, userid, `/vms/${volume.vmid}`, 'VM.Audit')
  )
}

function row(volume: Volume) {
  const common = {
    volid: volume.volid,
    content: volume.content,
    format: volume.format,
    size: volume.size,
    ctime: volume.createdAt,
  }
  if (volume.vmid === null) return common
  if (volume.backup !== undefined) {
    const { kind, notes, protected: isProtected } = volume.backup
    return {
      ...common,
      vmid: volume.vmid,
      subtype: kind,
      // Of several lines only the first is listed.
      ...(notes !== '' && { notes: notes.split('\n')[0] }),
      ...(isProtected && { protected: 1 }),
    }
  }
  const [, base] = (volume.parent ?? '').split(':')
  return { ...common, vmid: volume.vmid, used: volume.size, parent: base === undefined ? null : `../${base}` }
}

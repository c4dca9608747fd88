import { findVolume, volumesOfGuest } from '../disks.ts'
import { driveKeys, isCdrom, parseDrive } from '../drives.ts'
import { die } from '../errors.ts'
import {
  assertUnlocked,
  digestOf,
  isRunning,
  loadGuest,
  lockGuest,
  shownConfig,
  writeConfig,
} from '../guests.ts'
import type { Guest, GuestKind } from '../model.ts'
import { isMountKey, parseMount } from '../rootfs.ts'
import type { Call, Route } from '../route.ts'
import { bool, req, str } from '../schema.ts'
import { isKilled, startTask } from '../tasks.ts'
import type { Task } from '../tasks.ts'
import { parseSize } from '../units.ts'
import { now } from '../world.ts'
import type { World } from '../world.ts'
import { startContainer } from './lxcPower.ts'
import { setStopped, startGuest } from './qemuPower.ts'

/** Snapshots of machines and containers. Every fault but a malformed name shows only in the task. */

const snapshotRight = { path: '/vms/{vmid}', privileges: ['VM.Snapshot'] }
const seeRight = {
  path: '/vms/{vmid}',
  privileges: ['VM.Snapshot', 'VM.Snapshot.Rollback', 'VM.Audit'],
  any: true,
}
const rollbackRight = { path: '/vms/{vmid}', privileges: ['VM.Snapshot', 'VM.Snapshot.Rollback'], any: true }

export const snapshotRoutes: Route[] = (['qemu', 'lxc'] as const).flatMap((kind): Route[] => {
  const base = `/nodes/{node}/${kind}/{vmid}/snapshot`
  const prefix = kind === 'qemu' ? 'qm' : 'vz'
  return [
    {
      method: 'GET',
      path: base,
      allow: { path: '/vms/{vmid}', privileges: ['VM.Audit'] },
      run: (call) => list(load(call, kind)),
    },
    {
      method: 'POST',
      path: base,
      allow: snapshotRight,
      schema: {
        description: str(),
        snapname: req(str({ format: 'pve-configid', maxLength: 40 })),
        ...(kind === 'qemu' && { vmstate: bool() }),
      },
      run: (call) => create(call, kind, `${prefix}snapshot`),
    },
    {
      method: 'GET',
      path: `${base}/{snapname}`,
      allow: 'all',
      run: () => [{ cmd: 'rollback' }, { cmd: 'config' }],
    },
    {
      method: 'DELETE',
      path: `${base}/{snapname}`,
      allow: snapshotRight,
      schema: { force: bool() },
      run: (call) => fork(call, `${prefix}delsnapshot`, (task) => remove(call, kind, task)),
    },
    {
      method: 'POST',
      path: `${base}/{snapname}/rollback`,
      allow: rollbackRight,
      schema: { start: bool() },
      run: (call) => fork(call, `${prefix}rollback`, (task) => rollback(call, kind, task)),
    },
    {
      method: 'GET',
      path: `${base}/{snapname}/config`,
      allow: seeRight,
      run: (call) => shownConfig(kind, find(load(call, kind), call).config),
    },
    {
      method: 'PUT',
      path: `${base}/{snapname}/config`,
      allow: snapshotRight,
      schema: { description: str() },
      run: (call) => describe(call, kind),
    },
  ]
})

const load = ({ world, node, vmid }: Call, kind: GuestKind) => loadGuest(world, node, kind, vmid)

function find(guest: Guest, { params }: Call) {
  const snapshot = guest.snapshots[params.snapname ?? '']
  return snapshot ?? die(`snapshot '${params.snapname}' does not exist`)
}

function fork(call: Call, type: string, work: (task: Task) => Promise<void>): string {
  const { world, node, vmid, caller } = call
  return startTask(world, { node, type, id: String(vmid), user: caller.userid }, work)
}

/** Work during which the configuration says that the guest is locked; its file is free meanwhile. */
type Locked = {
  lock: 'snapshot' | 'snapshot-delete' | 'rollback'
  prepare: (guest: Guest) => void
  commit: (guest: Guest) => void
  undo?: (guest: Guest) => void
}

async function whileLocked(
  call: Call,
  kind: GuestKind,
  task: Task,
  { lock, prepare, commit, undo }: Locked,
): Promise<void> {
  const { world, node, vmid } = call
  const locked = (work: (guest: Guest) => void) =>
    lockGuest(world, { node, kind, vmid }, { task }, async () => {
      const guest = load(call, kind)
      writeConfig(world, guest, () => work(guest))
    })
  await locked((guest) => {
    prepare(guest)
    guest.config.lock = lock
  })
  try {
    await task.sleep(world.speed.snapshotMs)
  } catch (error) {
    // A killed worker cleans nothing up.
    if (!isKilled(error))
      await locked((guest) => {
        delete guest.config.lock
        undo?.(guest)
      })
    throw error
  }
  await locked((guest) => {
    delete guest.config.lock
    commit(guest)
  })
}

function list(guest: Guest): unknown[] {
  const rows = Object.entries(guest.snapshots).map(([name, snapshot]) => ({
    name,
    snaptime: snapshot.snaptime,
    description: snapshot.description ?? '',
    ...(guest.kind === 'qemu' && { vmstate: 0 }),
    ...(snapshot.parent !== null && { parent: snapshot.parent }),
    ...(snapshot.state !== undefined && { snapstate: snapshot.state }),
  }))
  const { parent } = guest.config
  const current = {
    name: 'current',
    description: 'You are here!',
    digest: digestOf(guest),
    running: isRunning(guest) ? 1 : 0,
    ...(parent !== undefined && { parent }),
  }
  return [...rows, current]
}

function create(call: Call, kind: GuestKind, type: string): string {
  const { snapname = '' } = call.params
  if (/^(current|pending)$/i.test(snapname)) die(`unable to use snapshot name '${snapname}' (reserved name)`)
  // Only machines look for their file before they fork.
  if (kind === 'qemu') load(call, kind)
  return fork(call, type, async (task) => {
    await whileLocked(call, kind, task, {
      lock: 'snapshot',
      prepare: (guest) => {
        assertUnlocked(guest)
        if (guest.config.template === '1') die("you can't take a snapshot if it's a template")
        if (guest.snapshots[snapname]) die(`snapshot name '${snapname}' already used`)
        if (!canSnapshot(call.world, guest)) die('snapshot feature is not available')
        const { parent, ...kept } = guest.config
        const description = call.params.description ?? null
        const taken = { config: kept, parent: parent ?? null, snaptime: now(), description }
        guest.snapshots[snapname] = { ...taken, state: 'prepare' }
      },
      undo: (guest) => {
        delete guest.snapshots[snapname]
      },
      commit: (guest) => {
        if (kind === 'qemu') for (const key of dataDrives(guest)) logDrive(guest, key, task)
        delete find(guest, call).state
        guest.config.parent = snapname
      },
    })
  })
}

const dataDrives = (guest: Guest) =>
  driveKeys(guest.config).filter((key) => !isCdrom(parseDrive(guest.config[key] ?? '')))

function logDrive(guest: Guest, key: string, task: Task): void {
  task.log(`snapshotting 'drive-${key}' (${parseDrive(guest.config[key] ?? '').file})`)
}

/** Raw files and plain folders have no snapshots; qcow2 and block storages do. */
function canSnapshot(world: World, guest: Guest): boolean {
  const volids =
    guest.kind === 'qemu'
      ? dataDrives(guest).map((key) => parseDrive(guest.config[key] ?? '').file)
      : Object.keys(guest.config)
          .filter(isMountKey)
          .map((key) => parseMount(guest.config[key] ?? '').volume)
  return volids.every((volid) => {
    const volume = findVolume(world, guest.node, volid ?? '')
    const storage = world.state.storages.find((one) => one.name === volume?.storage)
    return volume?.format === 'qcow2' || (storage !== undefined && !['dir', 'nfs'].includes(storage.type))
  })
}

function remove(call: Call, kind: GuestKind, task: Task): Promise<void> {
  const { snapname = '' } = call.params
  return whileLocked(call, kind, task, {
    lock: 'snapshot-delete',
    prepare: (guest) => {
      const snapshot = find(guest, call)
      assertUnlocked(guest)
      snapshot.state = 'delete'
    },
    commit: (guest) => {
      const { parent } = find(guest, call)
      delete guest.snapshots[snapname]
      for (const other of Object.values(guest.snapshots)) if (other.parent === snapname) other.parent = parent
      if (guest.config.parent !== snapname) return
      if (parent === null) delete guest.config.parent
      else guest.config.parent = parent
    },
  })
}

async function rollback(call: Call, kind: GuestKind, task: Task): Promise<void> {
  const { world, params, caller } = call
  await whileLocked(call, kind, task, {
    lock: 'rollback',
    prepare: (guest) => {
      if (guest.config.template === '1') die("you can't rollback if vm is a template")
      const { state } = find(guest, call)
      if (state !== undefined) die(`unable to rollback to incomplete snapshot (snapstate = ${state})`)
      assertUnlocked(guest)
      if (isRunning(guest)) setStopped(world, guest)
    },
    commit: (guest) => {
      guest.config = { ...find(guest, call).config, parent: params.snapname ?? '' }
      shrinkBack(world, guest)
      // The guest must notice that it travelled in time.
      if (guest.config.vmgenid !== undefined) guest.config.vmgenid = crypto.randomUUID()
    },
  })
  if (params.start !== '1') return
  const guest = load(call, kind)
  if (kind === 'qemu') startGuest(world, guest, caller.userid)
  else startContainer(world, guest, caller.userid)
}

/** A disk that has grown since is as large again as it was: its snapshot is of the whole volume. */
function shrinkBack(world: World, guest: Guest): void {
  for (const volume of volumesOfGuest(world, guest.node, guest.vmid)) {
    const drive = Object.values(guest.config).find((text) => text?.startsWith(`${volume.volid},`))
    const size = parseSize(/(?:^|,)size=(\d+[KMGT]?)/.exec(drive ?? '')?.[1] ?? '')
    if (size !== null) volume.size = size
  }
}

function describe(call: Call, kind: GuestKind): null {
  const guest = load(call, kind)
  const snapshot = find(guest, call)
  writeConfig(call.world, guest, () => {
    snapshot.description = call.params.description ?? null
  })
  return null
}

import {
  allocate,
  checkSpace,
  enabledStorage,
  findStorage,
  findVolume,
  formattingLine,
  free,
} from '../disks.ts'
import { storageOf } from '../drives.ts'
import { die, messageOf } from '../errors.ts'
import {
  addToPool,
  assertPool,
  assertQuorum,
  assertUnlocked,
  assertVmidUnused,
  assertWritable,
  copyFirewall,
} from '../guests.ts'
import {
  checkBridges,
  forgetGuest,
  isRunning,
  loadGuest,
  newGuest,
  normalCtNet,
  writeConfig,
} from '../guests.ts'
import type { Config, Guest, Volume } from '../model.ts'
import { isMountKey, logFilesystem, parseMount, printMount } from '../rootfs.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, num, req, str } from '../schema.ts'
import { hasSentinel } from '../sentinels.ts'
import { isKilled, startTask } from '../tasks.ts'
import type { Task } from '../tasks.ts'
import { findNode } from '../world.ts'
import type { World } from '../world.ts'
import { allowClone, durationOf } from './qemuClone.ts'

/** Unlike a machine's clone, a container's takes both ids before the answer: its source is locked meanwhile. */

export const lxcCloneRoutes: Route[] = [
  {
    method: 'POST',
    path: '/nodes/{node}/lxc/{vmid}/clone',
    allow: allowClone,
    schema: {
      bwlimit: num({ min: 0 }),
      description: str(),
      full: bool(),
      hostname: str({ format: 'dns-name' }),
      newid: req(int({ format: 'pve-vmid', min: 100, max: 999_999_999 })),
      pool: str({ format: 'pve-poolid' }),
      snapname: str({ format: 'pve-configid', maxLength: 40 }),
      storage: str({ format: 'pve-storage-id' }),
      target: str({ format: 'pve-node' }),
    },
    run: clone,
  },
]

type Plan = { source: Guest; guest: Guest; config: Config; full: boolean; target: string | undefined }

function clone(call: Call): string {
  const { world, params, node, vmid, caller } = call
  assertPool(world, params.pool)
  const target = params.target === node || params.target === 'localhost' ? undefined : params.target
  if (target !== undefined && !findNode(world, target)) die(`no such cluster node '${target}'`)
  if (params.storage !== undefined) checkStorage(world, params.storage, node, target)
  assertQuorum(world)
  const source = loadGuest(world, node, 'lxc', vmid)
  assertUnlocked(source)
  const newid = Number(params.newid)
  assertVmidUnused(world, newid)
  const full = params.full === undefined ? source.config.template !== '1' : params.full === '1'
  const config = copiedConfig(call, source, { full, target })
  assertWritable(world, source)
  source.config.lock = 'disk'
  const guest = newGuest('lxc', newid, node, config)
  copyFirewall(world, world.state.firewalls[source.vmid], newid)
  world.state.guests[newid] = guest
  world.changed()
  call.loseAnswer = hasSentinel(params.hostname, 'lost-clone')
  const spec = { node, type: 'vzclone', id: String(vmid), user: caller.userid }
  return startTask(world, spec, (task) => work(call, { source, guest, config, full, target }, task))
}

function checkStorage(world: World, name: string, node: string, target: string | undefined): void {
  const storage = enabledStorage(world, name, node)
  if (target !== undefined && !storage.shared) die(`can't clone to non-shared storage '${name}'`)
}

function copiedConfig(call: Call, source: Guest, { full, target }: Pick<Plan, 'full' | 'target'>): Config {
  const { world, params, caller } = call
  if (params.storage !== undefined && !full) die("parameter 'storage' not allowed for linked clones")
  const snapshot = params.snapname === undefined ? undefined : source.snapshots[params.snapname]
  if (params.snapname !== undefined && !snapshot) die(`snapshot '${params.snapname}' does not exist`)
  if (full && !snapshot && isRunning(source))
    die('Full clone of a running container is only possible from a snapshot')
  const config: Config = {}
  for (const [key, value] of Object.entries(snapshot?.config ?? source.config)) {
    if (/^unused\d+$/.test(key) || key === 'template' || key === 'parent') continue
    config[key] = /^net\d+$/.test(key) ? normalCtNet(value, true) : value
    if (!isMountKey(key)) continue
    const volid = parseMount(value).volume ?? ''
    const storage = findStorage(world, params.storage ?? storageOf(volid) ?? '')
    checkSpace(world, caller.userid, storage.name)
    if (!full && source.config.template !== '1') die(`Linked clone feature for '${volid}' is not available`)
    if (target !== undefined && !storage.shared)
      die(`can't clone CT to node '${target}' (CT uses local storage)`)
  }
  checkBridges(world, caller.userid, config)
  if (params.hostname !== undefined) config.hostname = params.hostname
  if (params.description !== undefined) config.description = params.description
  return { ...config, lock: 'create' }
}

async function work(call: Call, plan: Plan, task: Task): Promise<void> {
  const { world, params } = call
  const { source, guest, target } = plan
  const made: Volume[] = []
  try {
    for (const key of Object.keys(plan.config).filter(isMountKey))
      await copyMount(call, plan, { key, made, task })
    addToPool(world, params.pool, guest.vmid)
    writeConfig(world, guest, (config) => delete config.lock)
    if (target !== undefined) guest.node = target
    release(source)
    world.changed()
  } catch (error) {
    // A killed worker leaves both guests locked.
    if (isKilled(error)) throw error
    release(source)
    for (const volume of made) free(world, volume)
    forgetGuest(world, guest.vmid)
    const text = messageOf(error)
    throw new Error(text === 'received interrupt' ? text : `clone failed: ${text}`, { cause: error })
  }
}

function release(source: Guest): void {
  if (source.config.lock === 'disk') delete source.config.lock
}

type Copying = { key: string; made: Volume[]; task: Task }

async function copyMount(call: Call, plan: Plan, { key, made, task }: Copying): Promise<void> {
  const { world, params } = call
  const { guest, config, full } = plan
  const mount = parseMount(config[key] ?? '')
  const volid = mount.volume ?? ''
  task.log(
    full
      ? `create full clone of mountpoint ${key} (${volid})`
      : `create linked clone of mount point ${key} (${volid})`,
  )
  const from = findVolume(world, guest.node, volid) ?? die(`volume '${volid}' does not exist`)
  const storage = enabledStorage(world, params.storage ?? storageOf(volid) ?? '', guest.node)
  const kind = from.format === 'subvol' ? 'subvol' : 'disk'
  const volume = allocate(world, {
    storage,
    node: guest.node,
    vmid: guest.vmid,
    size: from.size,
    format: from.format,
    kind,
    content: 'rootdir',
    ...(!full && { parent: volid }),
  })
  made.push(volume)
  if (full) logFilesystem(task, formattingLine(storage, volume), volume)
  await task.sleep(durationOf(world, config.hostname, full ? from.size : 0))
  if (hasSentinel(config.hostname, 'fail-clone') || hasSentinel(config.hostname, 'disk-full')) {
    die(`command 'rsync --stats -X -A --numeric-ids -aH' failed: exit code 11`)
  }
  if (full) for (const line of rsyncSummary(from.size)) task.log(line)
  writeConfig(world, guest, (stored) => {
    stored[key] = printMount({ ...mount, volume: volume.volid })
  })
}

/** What rsync says about a small system. */
function rsyncSummary(bytes: number): string[] {
  const size = Math.max(bytes / 16, 2_000_000)
  const text = Math.floor(size).toLocaleString('en-US')
  return [
    '',
    'Number of files: 304 (reg: 14, dir: 18, link: 272)',
    'Number of created files: 303 (reg: 14, dir: 17, link: 272)',
    'Number of deleted files: 0',
    'Number of regular files transferred: 14',
    `Total file size: ${text} bytes`,
    `Total transferred file size: ${text} bytes`,
    `Literal data: ${text} bytes`,
    'Matched data: 0 bytes',
    'File list size: 0',
    'File list generation time: 0.001 seconds',
    'File list transfer time: 0.000 seconds',
    `Total bytes sent: ${text}`,
    'Total bytes received: 1,181',
    '',
    `sent ${text} bytes  received 1,181 bytes  4,070,898.00 bytes/sec`,
    `total size is ${text}  speedup is 1.00`,
  ]
}

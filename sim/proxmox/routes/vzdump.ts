import { checkSpace, enabledStorage, findStorage, findVolume, putVolume, usage } from '../disks.ts'
import { driveKeys, isCdrom, parseDrive } from '../drives.ts'
import { die, messageOf, paramError } from '../errors.ts'
import { assertUnlocked, isRunning, lockGuest, writeConfig } from '../guests.ts'
import { withLock } from '../locks.ts'
import type { Archive, Guest, StorageState, Volume } from '../model.ts'
import { check } from '../permissions.ts'
import { isMountKey, parseMount } from '../rootfs.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, str } from '../schema.ts'
import { hasSentinel } from '../sentinels.ts'
import { isKilled, startTask } from '../tasks.ts'
import type { Task } from '../tasks.ts'
import { formatSize, MiB } from '../units.ts'
import { now, nowMs } from '../world.ts'
import type { World } from '../world.ts'
import { backupPath } from './storageVolume.ts'

/** Backups of guests. Whatever goes wrong with one shows only in the log; the task ends with `job errors`. */

const SUFFIX: Record<string, string> = { zstd: '.zst', gzip: '.gz', lzo: '.lzo', '1': '.lzo' }
const ROOT_ONLY = ['tmpdir', 'dumpdir', 'script', 'job-id']

export const vzdumpRoutes: Route[] = [
  {
    method: 'POST',
    path: '/nodes/{node}/vzdump',
    allow: 'all',
    schema: {
      all: bool(),
      bwlimit: int({ min: 0 }),
      compress: str({ enum: ['0', '1', 'gzip', 'lzo', 'zstd'] }),
      dumpdir: str(),
      exclude: str({ format: 'pve-vmid-list' }),
      'exclude-path': { type: 'array' },
      fleecing: str(),
      ionice: int({ min: 0, max: 8 }),
      'job-id': str({ maxLength: 50 }),
      lockwait: int({ min: 0 }),
      mailnotification: str({ enum: ['always', 'failure'] }),
      mailto: str(),
      maxfiles: int({ min: 1 }),
      mode: str({ enum: ['snapshot', 'suspend', 'stop'] }),
      'notes-template': str({ maxLength: 1024, requires: 'storage' }),
      'notification-mode': str({ enum: ['auto', 'legacy-sendmail', 'notification-system'] }),
      'pbs-change-detection-mode': str({ enum: ['legacy', 'data', 'metadata'] }),
      performance: str(),
      pigz: int(),
      pool: str(),
      protected: bool({ requires: 'storage' }),
      'prune-backups': str(),
      quiet: bool(),
      remove: bool(),
      script: str(),
      stdexcludes: bool(),
      stdout: bool(),
      stop: bool(),
      stopwait: int({ min: 0 }),
      storage: str({ format: 'pve-storage-id' }),
      tmpdir: str(),
      vmid: str({ format: 'pve-vmid-list' }),
      zstd: int(),
    },
    run: create,
  },
]

/** They say what is backed up, or do something else altogether; of the others a backup does not tell. */
const NOT_SIMULATED = ['all', 'exclude', 'exclude-path', 'pool', 'stdout', 'stop', 'fleecing', 'maxfiles']

function create(call: Call): string {
  const { world, params, node, caller } = call
  for (const key of ROOT_ONLY)
    if (params[key] !== undefined && caller.userid !== 'root@pam')
      paramError({ [key]: 'Only root may set this option.' })
  if (params.bwlimit !== undefined) check(world, caller.userid, '/', ['Sys.Modify'])
  if (params['prune-backups'] !== undefined)
    check(world, caller.userid, `/storage/${params.storage ?? 'local'}`, ['Datastore.Allocate'])
  const [vmid = '', ...others] = (params.vmid ?? '').split(/[,;\s]+/).filter((part) => part !== '')
  const other = NOT_SIMULATED.some((key) => (params[key] ?? '0') !== '0')
  if (other || vmid === '' || others.length > 0) die('only backups of one guest are simulated')
  const guest = world.state.guests[Number(vmid)]
  // Guests of other nodes are passed over in silence; one that does not exist fails visibly.
  if (guest && guest.node !== node) return 'OK'
  if (params.storage !== undefined) checkSpace(world, caller.userid, params.storage)
  return startTask(world, { node, type: 'vzdump', id: vmid, user: caller.userid }, (task) =>
    work(call, Number(vmid), task),
  )
}

async function work(call: Call, vmid: number, task: Task): Promise<void> {
  const { world, params, node, caller } = call
  const storage = enabledStorage(world, params.storage ?? 'local', node)
  if (!storage.content.includes('backup')) {
    const why = `can't use storage '${storage.name}' for backups - wrong content type`
    die(`could not get storage information for '${storage.name}': ${why}`)
  }
  const request = {
    name: `${node}:/var/run/vzdump.lock`,
    waitMs: Number(params.lockwait ?? 180) * 60 * world.speed.secondMs,
    onWait: () => task.log('INFO: trying to get global lock - waiting...'),
  }
  let entered = false
  try {
    await withLock(world.locks, request, async () => {
      entered = true
      check(world, caller.userid, `/vms/${vmid}`, ['VM.Backup'])
      task.log(`INFO: starting new backup job: vzdump ${vmid} ${commandOf(call)}`)
      await one(call, vmid, storage, task)
      task.log('INFO: Backup job finished successfully')
    })
  } catch (error) {
    if (!entered) die("can't acquire lock '/var/run/vzdump.lock' - got timeout")
    throw error
  }
}

const commandOf = ({ params, node }: Call): string =>
  ['mode', 'storage', 'compress', 'notes-template', 'protected', 'remove']
    .filter((key) => params[key] !== undefined)
    .map((key) => `--${key} ${/^[\w.-]+$/.test(params[key] ?? '') ? params[key] : `'${params[key]}'`}`)
    .concat(`--node ${node}`)
    .join(' ')

/** @throws Error `job errors` when the guest could not be backed up */
async function one(call: Call, vmid: number, storage: StorageState, task: Task): Promise<void> {
  const { world, node } = call
  const guest = world.state.guests[vmid]
  try {
    if (guest?.node !== node) die(`unable to find VM '${vmid}'`)
    await dump(call, guest, storage, task)
  } catch (error) {
    if (isKilled(error) || messageOf(error) === 'received interrupt') throw error
    task.log(`ERROR: Backup of VM ${vmid} failed - ${messageOf(error)}`)
    task.log(`INFO: Failed at ${clock(new Date(nowMs()))}`)
    task.log('INFO: Backup job finished with errors')
    throw new Error('job errors', { cause: error })
  }
}

async function dump(call: Call, guest: Guest, storage: StorageState, task: Task): Promise<void> {
  const { world, params } = call
  const { vmid, kind } = guest
  const name = guest.config.name ?? guest.config.hostname ?? ''
  task.log(`INFO: Starting Backup of VM ${vmid} (${kind})`)
  task.log(`INFO: Backup started at ${clock(new Date(nowMs()))}`)
  task.log(`INFO: status = ${isRunning(guest) ? 'running' : 'stopped'}`)
  task.log(`INFO: backup mode: ${isRunning(guest) ? (params.mode ?? 'snapshot') : 'stop'}`)
  task.log('INFO: ionice priority: 7')
  task.log(`INFO: ${kind === 'qemu' ? 'VM' : 'CT'} Name: ${name}`)
  const locked = (change: () => void): Promise<void> =>
    lockGuest(world, guest, { task }, async () => writeConfig(world, guest, change))
  await locked(() => {
    assertUnlocked(guest)
    guest.config.lock = 'backup'
  })
  const unlock = (): Promise<void> => locked(() => void delete guest.config.lock)
  try {
    await archive(call, guest, storage, task)
  } catch (error) {
    if (!isKilled(error)) await unlock()
    throw error
  }
  await unlock()
  task.log(`INFO: Finished Backup of VM ${vmid} (00:00:01)`)
  task.log(`INFO: Backup finished at ${clock(new Date(nowMs()))}`)
}

async function archive(call: Call, guest: Guest, storage: StorageState, task: Task): Promise<void> {
  const { world, params, node } = call
  const made = emptyArchive(world, guest, params)
  const size = Math.max(
    MiB,
    Math.floor(Object.values(made.disks).reduce((sum, disk) => sum + disk.size, 0) / 4),
  )
  const volume = nameOf(world, guest, storage, { size, made, compress: params.compress })
  for (const [key, disk] of Object.entries(made.disks))
    task.log(
      guest.kind === 'qemu'
        ? `INFO: include disk '${key}' ${formatSize(disk.size)}`
        : `INFO: including mount point ${key} ('/') in backup`,
    )
  task.log(`INFO: creating vzdump archive '${backupPath(storage, volume.volid)}'`)
  await task.sleep(world.speed.backupMs)
  const name = guest.config.name ?? guest.config.hostname
  if (usage(world, storage, node).avail < size || hasSentinel(name, 'disk-full')) {
    task.log('INFO: zstd: error 70 : Write error : cannot write block : No space left on device')
    die(
      guest.kind === 'qemu'
        ? 'vma_queue_write: write error - Broken pipe'
        : "command 'zstd' failed: exit code 70",
    )
  }
  putVolume(world, volume)
  world.changed()
  if (guest.kind === 'lxc') task.log(`INFO: Total bytes written: ${size * 2} (${size / MiB}MiB, 90MiB/s)`)
  task.log(`INFO: archive file size: ${Math.ceil(size / MiB)}MB`)
  if (made.notes !== '') task.log('INFO: adding notes to backup')
}

function emptyArchive(world: World, guest: Guest, params: Call['params']): Archive {
  const { lock: _lock, parent: _parent, ...config } = guest.config
  const keys =
    guest.kind === 'qemu'
      ? driveKeys(config).filter((key) => !isCdrom(parseDrive(config[key] ?? '')))
      : Object.keys(config).filter(isMountKey)
  const disks: Archive['disks'] = {}
  for (const key of keys) {
    const text = config[key] ?? ''
    const volid = (guest.kind === 'qemu' ? parseDrive(text).file : parseMount(text).volume) ?? ''
    const volume = findVolume(world, guest.node, volid)
    if (!volume) die(`volume '${volid}' does not exist`)
    disks[key] = { size: volume.size, format: volume.format, storage: volume.storage }
  }
  const name = config.name ?? config.hostname ?? ''
  const notes = (params['notes-template'] ?? '').replaceAll('{{guestname}}', name).replaceAll('\\n', '\n')
  const written = world.state.firewalls[guest.vmid]
  const firewall = written && { firewall: structuredClone(written) }
  return { kind: guest.kind, config, disks, notes, protected: params.protected === '1', ...firewall }
}

/** A file is named by the second in which its backup began. */
function nameOf(
  world: World,
  guest: Guest,
  storage: StorageState,
  { size, made, compress }: { size: number; made: Archive; compress: string | undefined },
): Volume {
  const format = `${guest.kind === 'qemu' ? 'vma' : 'tar'}${SUFFIX[compress ?? '0'] ?? ''}`
  for (let second = now(); ; second += 1) {
    const at = clock(new Date(second * 1000))
      .replaceAll('-', '_')
      .replaceAll(':', '_')
      .replace(' ', '-')
    const volid = `${storage.name}:backup/vzdump-${guest.kind}-${guest.vmid}-${at}.${format}`
    if (findVolume(world, guest.node, volid)) continue
    return {
      volid,
      storage: findStorage(world, storage.name).name,
      node: storage.shared ? null : guest.node,
      vmid: guest.vmid,
      size,
      format,
      content: 'backup',
      parent: null,
      createdAt: second,
      backup: made,
    }
  }
}

const clock = (date: Date): string => date.toISOString().slice(0, 19).replace('T', ' ')

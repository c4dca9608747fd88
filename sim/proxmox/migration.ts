import {
  allocate,
  enabledStorage,
  findStorage,
  findVolume,
  formattingLine,
  free,
  isFileBased,
  usage,
} from './disks.ts'
import { driveKeys, isCdrom, isCloudInit, parseDrive } from './drives.ts'
import { die, messageOf } from './errors.ts'
import { assertUnlocked, isRunning, loadGuest, writeConfig } from './guests.ts'
import type { Config, Guest, GuestKind, Volume } from './model.ts'
import { isMountKey, parseMount } from './rootfs.ts'
import { hasSentinel } from './sentinels.ts'
import { memoryMb, usedMemoryMb } from './status.ts'
import { isKilled } from './tasks.ts'
import type { Task } from './tasks.ts'
import { findNode, nowMs } from './world.ts'
import type { World } from './world.ts'
import { missingBridge, setRunning, setStopped } from './routes/qemuPower.ts'

/** A guest on its way to another node. A task that fails says only that it did; the cause stands in its log. */

export type Migration = {
  node: string
  kind: GuestKind
  vmid: number
  target: string
  /** One for all local disks, or `from:to` pairs. */
  storage: string | undefined
  online: boolean
  restart: boolean
  withLocalDisks: boolean
  timeoutS: number
}

type Named = { key: string; volid: string; cdrom: boolean }

/** The volumes that a configuration names. */
export function volumesIn(kind: GuestKind, config: Config): Named[] {
  if (kind === 'lxc')
    return Object.keys(config)
      .filter(isMountKey)
      .map((key) => ({ key, volid: parseMount(config[key] ?? '').volume ?? '', cdrom: false }))
  return driveKeys(config)
    .map((key) => ({ key, drive: parseDrive(config[key] ?? '') }))
    .filter(({ drive }) => (drive.file ?? 'none').includes(':'))
    .map(({ key, drive }) => ({ key, volid: drive.file ?? '', cdrom: isCdrom(drive) }))
}

export const localVolumes = (world: World, guest: Guest): Named[] =>
  volumesIn(guest.kind, guest.config).filter(
    ({ volid }) => !findStorage(world, volid.split(':')[0] ?? '').shared,
  )

const stamp = (): string => new Date(nowMs()).toISOString().slice(0, 19).replace('T', ' ')

export async function migrateGuest(world: World, task: Task, way: Migration): Promise<void> {
  const { kind, vmid, target } = way
  const label = kind === 'qemu' ? 'VM' : 'CT'
  const say = (line: string): void => task.log(`${stamp()} ${line}`)
  const guest = loadGuest(world, way.node, kind, vmid)
  const wasRunning = isRunning(guest)
  const copies: Copy[] = []
  try {
    await prepare(world, task, say, guest, way)
    say(`starting migration of ${label} ${vmid} to node '${target}' (${findNode(world, target)?.ip})`)
    writeConfig(world, guest, (config) => (config.lock = 'migrate'))
    copy(world, say, guest, target, scan(world, say, guest, way), copies)
    await task.sleep(world.speed.migrateMs)
    if (findNode(world, target)?.online === false) throw new Error('remote command failed with exit code 255')
    if (kind === 'qemu' && wasRunning) startRemote(world, say, guest, target)
    rename(world, guest, target, copies)
  } catch (error) {
    if (isKilled(error)) throw error
    for (const { made } of copies) free(world, made)
    abort(world, say, guest, messageOf(error))
    if (kind === 'lxc' && wasRunning && way.restart && !isRunning(guest)) {
      say('start container on source node')
      setRunning(world, guest)
    }
    throw new Error('migration aborted', { cause: error })
  }
  delete guest.config.lock
  if (kind === 'lxc' && wasRunning) {
    say('start container on target node')
    if (missingBridge(world, guest) !== null) {
      say(`ERROR: command 'pct start ${vmid}' failed: exit code 255`)
      world.changed()
      throw new Error('migration problems')
    }
    setRunning(world, guest)
  }
  say('migration finished successfully (duration 00:00:01)')
  world.changed()
}

async function prepare(
  world: World,
  task: Task,
  say: (line: string) => void,
  guest: Guest,
  way: Migration,
): Promise<void> {
  assertUnlocked(guest)
  const running = isRunning(guest)
  if (running && way.kind === 'qemu' && !way.online) die("can't migrate running VM without --online")
  if (running && way.kind === 'lxc') {
    if (way.online) die('lxc live migration is currently not implemented')
    if (!way.restart) die('running container can only be migrated in restart mode')
  }
  if (findNode(world, way.target)?.online !== true)
    die("Can't connect to destination address using public key")
  if (!running || way.kind === 'qemu') return
  say(`shutdown CT ${way.vmid}`)
  if (hasSentinel(guest.config.hostname, 'ignores-shutdown')) {
    await task.sleep(way.timeoutS * world.speed.secondMs)
    die(`command 'lxc-stop -n ${way.vmid} --nokill --timeout ${way.timeoutS}' failed: exit code 1`)
  }
  await task.sleep(world.speed.shutdownMs)
  setStopped(world, guest)
}

type Move = { key: string; from: Volume; storage: string; kind: 'disk' | 'cloudinit' | 'subvol' }

/** Where each local disk goes, or why none may. */
function scan(world: World, say: (line: string) => void, guest: Guest, way: Migration): Move[] {
  const faults: string[] = []
  const moves = localVolumes(world, guest).map(({ key, volid }): Move => {
    const from = findVolume(world, guest.node, volid)
    if (!from) return die(`volume '${volid}' does not exist`)
    const source = from.storage
    const drive = parseDrive(guest.config[key] ?? '')
    const generated = guest.kind === 'qemu' && isCloudInit(drive)
    say(
      guest.kind === 'lxc'
        ? `found local volume '${volid}' (in current VM config)`
        : generated
          ? `found generated disk '${volid}' (in current VM config)`
          : `found local disk '${volid}' (attached)`,
    )
    const fault = generated ? null : whyNot(world, guest, from, way)
    if (fault !== null)
      faults.push(`can't migrate local ${guest.kind === 'lxc' ? 'volume' : 'disk'} '${volid}': ${fault}`)
    const kind = generated ? 'cloudinit' : from.format === 'subvol' ? 'subvol' : 'disk'
    return { key, from, storage: mapped(way.storage, source), kind }
  })
  for (const fault of faults) say(fault)
  if (faults.length > 0)
    die(
      guest.kind === 'lxc'
        ? `can't migrate CT - check log`
        : `Problem found while scanning volumes - can't migrate VM - check log`,
    )
  return moves
}

function whyNot(world: World, guest: Guest, volume: Volume, way: Migration): string | null {
  const { type } = findStorage(world, volume.storage)
  if (Object.keys(guest.snapshots).length > 0) {
    if (guest.kind === 'qemu' && isRunning(guest))
      return 'online storage migration not possible if non-replicated snapshot exists'
    const withThem = type === 'zfspool' || (guest.kind === 'qemu' && volume.format === 'qcow2')
    if (!withThem) return 'non-migratable snapshot exists'
  }
  if (volume.parent !== null) return `can't migrate '${volume.volid}' as it's a clone of '${volume.parent}'`
  if (guest.kind === 'qemu' && isRunning(guest) && !way.withLocalDisks)
    return "can't live migrate attached local disks without with-local-disks option"
  return null
}

function mapped(pairs: string | undefined, source: string): string {
  if (pairs === undefined || pairs === '1') return source
  const parts = pairs.split(/[,;\s]+/).map((pair) => pair.split(':'))
  const named = parts.find((pair) => pair.length === 2 && pair[0] === source)
  const all = parts.find((pair) => pair.length === 1)
  return named?.[1] ?? all?.[0] ?? source
}

type Copy = { move: Move; made: Volume }

/** The disks on the other node. They are whole only once the guest is there. */
function copy(
  world: World,
  say: (line: string) => void,
  guest: Guest,
  target: string,
  moves: Move[],
  copies: Copy[],
): void {
  if (moves.length > 0) say('copying local disk images')
  for (const move of moves) {
    const { from } = move
    const storage = enabledStorage(world, move.storage, target)
    if (usage(world, storage, target).avail < from.size)
      die(
        `storage migration for '${from.volid}' to storage '${move.storage}' failed - No space left on device`,
      )
    const made = allocate(world, {
      storage,
      node: target,
      vmid: guest.vmid,
      size: from.size,
      format: isFileBased(storage) ? from.format : 'raw',
      kind: move.kind,
      content: from.content,
    })
    copies.push({ move, made })
    const formatting = formattingLine(storage, made)
    if (formatting !== null) say(formatting)
    say(`successfully imported '${made.volid}'`)
    say(`volume '${from.volid}' is '${made.volid}' on the target`)
  }
}

function startRemote(world: World, say: (line: string) => void, guest: Guest, target: string): void {
  say(`starting VM ${guest.vmid} on remote node '${target}'`)
  const there = { ...guest, node: target }
  const host = findNode(world, target)
  const tooBig = usedMemoryMb(world, target) + memoryMb(guest) > (host?.memoryMb ?? 0)
  if (tooBig || missingBridge(world, there) !== null) die('remote command failed with exit code 255')
  const socket = `unix:/run/qemu-server/${guest.vmid}.migrate`
  const mib = memoryMb(guest)
  for (const line of [
    'start remote tunnel',
    'ssh tunnel ver 1',
    `starting online/live migration on ${socket}`,
    'set migration capabilities',
    'migration downtime limit: 100 ms',
    `migration cachesize: ${(2 ** Math.floor(Math.log2(mib / 8))).toFixed(1)} MiB`,
    'set migration parameters',
    `start migrate command to ${socket}`,
    'average migration speed: 250.0 MiB/s - downtime 8 ms',
    `migration completed, transferred ${(mib / 3).toFixed(1)} MiB VM-state`,
    'migration status: completed',
  ])
    say(line)
}

/** The configuration is renamed into the other node's folder: from then on the guest is there. */
function rename(world: World, guest: Guest, target: string, copies: Copy[]): void {
  for (const {
    move: { key, from },
    made,
  } of copies) {
    for (const config of [guest.config, ...Object.values(guest.snapshots).map((one) => one.config)]) {
      const text = config[key]
      if (text !== undefined) config[key] = text.replace(from.volid, made.volid)
    }
    free(world, from)
  }
  guest.node = target
  world.changed()
}

function abort(world: World, say: (line: string) => void, guest: Guest, cause: string): void {
  if (guest.config.lock === 'migrate') {
    say('aborting phase 1 - cleanup resources')
    delete guest.config.lock
    world.changed()
  }
  say(`ERROR: migration aborted (duration 00:00:00): ${cause}`)
}

import { counters } from './activity.ts'
import { diskBytes } from './drives.ts'
import { labelOf, isRunning } from './guests.ts'
import type { Guest } from './model.ts'
import { sidOf } from './ha.ts'
import { GiB, MiB } from './units.ts'
import { guestList, now } from './world.ts'
import type { World } from './world.ts'

/** Figures of guests and nodes as `pvestatd` gathers them. A simulated guest does nothing, so most are zero. */

export function memoryMb(guest: Guest): number {
  return Number.parseInt(guest.config.memory ?? '512', 10)
}

export function cpuCount(world: World, guest: Guest): number {
  if (guest.kind === 'qemu') {
    if (guest.config.vcpus !== undefined) return Number(guest.config.vcpus)
    return Number(guest.config.sockets ?? 1) * Number(guest.config.cores ?? 1)
  }
  const node = world.state.nodes.find((one) => one.name === guest.node)
  return Number(guest.config.cores ?? node?.cores ?? 1)
}

const guestName = (guest: Guest): string =>
  (guest.kind === 'qemu' ? guest.config.name : guest.config.hostname) ??
  `${labelOf(guest.kind)} ${guest.vmid}`

/** Processes run while their node does. */
const statusOf = (guest: Guest): 'running' | 'stopped' => (isRunning(guest) ? 'running' : 'stopped')

const maxDisk = (guest: Guest) => diskBytes(guest) || (guest.kind === 'lxc' ? 4 * GiB : 0)

function basicFigures(world: World, guest: Guest) {
  const running = isRunning(guest)
  const maxmem = memoryMb(guest) * MiB
  return {
    name: guestName(guest),
    status: statusOf(guest),
    cpu: running ? 0.01 : 0,
    cpus: cpuCount(world, guest),
    mem: running ? Math.floor(maxmem / 4) : 0,
    maxmem,
    disk: 0,
    maxdisk: maxDisk(guest),
    uptime: guest.startedAt === null ? 0 : Math.max(1, now() - guest.startedAt),
    ...counters(world, guest),
    ...(guest.config.tags !== undefined && { tags: guest.config.tags }),
    ...(guest.config.lock !== undefined && { lock: guest.config.lock }),
    ...(guest.config.template === '1' && { template: 1 }),
  }
}

const PRESSURE = {
  pressurecpufull: 0,
  pressurecpusome: 0,
  pressureiofull: 0,
  pressureiosome: 0,
  pressurememoryfull: 0,
  pressurememorysome: 0,
}

function haOf(world: World, guest: Guest) {
  const resource = world.state.ha[sidOf(guest)]
  return resource ? { managed: 1, state: resource.seen } : { managed: 0 }
}

/** `status/current`. */
export function currentStatus(world: World, guest: Guest): Record<string, unknown> {
  const figures = basicFigures(world, guest)
  const common = { vmid: guest.vmid, ...figures, ha: haOf(world, guest) }
  const alive = isRunning(guest) ? { pid: guest.pid, ...PRESSURE } : {}
  if (guest.kind === 'lxc') return { ...common, ...containerExtras(guest), ...alive }
  const taps = Object.keys(guest.config).filter((key) => /^net\d+$/.test(key))
  const nics = Object.fromEntries(
    taps.map((key, index) => [
      `tap${guest.vmid}i${key.slice(3)}`,
      // All of it went over the first card.
      index === 0 ? { netin: figures.netin, netout: figures.netout } : { netin: 0, netout: 0 },
    ]),
  )
  return {
    ...common,
    ...alive,
    ...(isRunning(guest) && { nics }),
    memhost: figures.mem,
    qmpstatus: guest.power === 'paused' ? 'paused' : statusOf(guest),
    ...(guest.config.agent?.startsWith('1') && { agent: 1 }),
    ...(guest.config.serial0 !== undefined && { serial: 1 }),
    ...(guest.config.vga !== undefined && { clipboard: null }),
  }
}

function containerExtras(guest: Guest) {
  const maxswap = Number(guest.config.swap ?? 512) * MiB
  return { type: 'lxc', swap: 0, maxswap, diskread: 0, diskwrite: 0 }
}

/** A row of a node's own list of guests. */
export function listRow(world: World, guest: Guest): Record<string, unknown> {
  const row = { vmid: guest.vmid, ...basicFigures(world, guest), diskread: 0, diskwrite: 0 }
  const pid = guest.pid === null ? {} : { pid: guest.pid }
  if (guest.kind === 'lxc') return { ...row, ...containerExtras(guest), ...pid }
  return { ...row, memhost: row.mem, ...pid, ...(guest.config.serial0 !== undefined && { serial: 1 }) }
}

function hastateOf(world: World, guest: Guest) {
  const resource = world.state.ha[sidOf(guest)]
  return resource?.seen ? { hastate: resource.seen } : {}
}

/** A row of `cluster/resources`, from what was last gathered: rights and ids are always current, figures are not. */
export function resourceRow(world: World, guest: Guest, seen: Guest | undefined, pool: string | undefined) {
  const row = {
    id: `${guest.kind}/${guest.vmid}`,
    vmid: guest.vmid,
    node: guest.node,
    type: guest.kind,
    ...(pool !== undefined && { pool }),
    ...hastateOf(world, guest),
    ...(guest.config.tags !== undefined && { tags: guest.config.tags }),
    ...(guest.config.lock !== undefined && { lock: guest.config.lock }),
  }
  // A clone whose first disk is not there yet has no name, and no figures either.
  const unknown = !seen || (seen.config.lock === 'clone' && seen.config.name === undefined)
  if (unknown) return { ...row, status: 'unknown' }
  const { cpus, ...figures } = basicFigures(world, seen)
  return {
    ...figures,
    ...row,
    maxcpu: cpus,
    memhost: figures.mem,
    diskread: 0,
    diskwrite: 0,
    template: seen.config.template === '1' ? 1 : 0,
  }
}

/** Memory of everything that runs on the node, with half a gibibyte for the node itself. */
export function usedMemoryMb(world: World, node: string): number {
  return guestList(world)
    .filter((guest) => guest.node === node && isRunning(guest))
    .reduce((sum, guest) => sum + memoryMb(guest), 512)
}

import { busyAt, receivedBetween } from '../activity.ts'
import { isRunning } from '../guests.ts'
import type { Guest } from '../model.ts'
import type { Call, Route } from '../route.ts'
import { req, str } from '../schema.ts'
import { cpuCount, memoryMb } from '../status.ts'
import { MiB } from '../units.ts'
import { now } from '../world.ts'
import type { World } from '../world.ts'

/** What was measured of guests: resolution in seconds and number of points of each time frame. */
const FRAMES: Record<string, [step: number, count: number]> = {
  hour: [60, 60],
  day: [60, 1440],
  week: [1800, 336],
  month: [1800, 1440],
  year: [21_600, 1440],
}

/**
 * The configuration is not looked at: the figures are kept by VMID alone, on every node. A point of a time in which
 * nothing was measured has its time and nothing else.
 */
export const rrdRoutes: Route[] = (['qemu', 'lxc'] as const).map((kind): Route => ({
  method: 'GET',
  path: `/nodes/{node}/${kind}/{vmid}/rrddata`,
  allow: { path: '/vms/{vmid}', privileges: ['VM.Audit'] },
  schema: {
    timeframe: req(str({ enum: ['hour', 'day', 'week', 'month', 'year'] })),
    cf: str({ enum: ['AVERAGE', 'MAX'] }),
  },
  run: points,
}))

function points({ world, vmid, params }: Call): Record<string, number>[] {
  const [step, count] = FRAMES[params.timeframe ?? ''] ?? [60, 60]
  const guest = world.state.guests[vmid]
  const end = step * Math.floor(now() / step)
  return Array.from({ length: count - 1 }, (_, index) => {
    const time = end - (count - index) * step
    return { time, ...(guest && wasMeasured(guest, time) ? figures(world, guest, time, step) : {}) }
  })
}

/** Only since its present start: nobody remembers when it ran before. */
const wasMeasured = (guest: Guest, time: number): boolean =>
  isRunning(guest) && guest.startedAt !== null && time >= guest.startedAt

function figures(world: World, guest: Guest, time: number, step: number): Record<string, number> {
  const maxmem = memoryMb(guest) * MiB
  const received = receivedBetween(world, guest, time, time + step) / step
  const busy = world.activityBps > 0 ? busyAt(guest, time) : 0
  return {
    cpu: 0.01 + 0.1 * busy,
    maxcpu: cpuCount(world, guest),
    mem: maxmem / 4 + (busy * maxmem) / 20,
    maxmem,
    disk: 0,
    maxdisk: 0,
    netin: received,
    netout: received / 4,
    diskread: received / 8,
    diskwrite: received / 3,
  }
}

import { isRunning } from './guests.ts'
import type { Guest } from './model.ts'
import { now } from './world.ts'
import type { World } from './world.ts'

/** What a guest has sent and received since it was started, and what it does at a moment. Without `activityBps`: nothing. */

/** Its activity comes and goes in a quarter of an hour. */
const PERIOD_S = 900
const SWING = 0.8

const phase = (guest: Guest, at: number): number => ((at / PERIOD_S + guest.vmid / 7) % 1) * 2 * Math.PI

/** Around 1; how busy the guest is at a moment compared with its mean. */
export const busyAt = (guest: Guest, at: number): number => 1 + SWING * Math.sin(phase(guest, at))

/** The integral of `busyAt`, so that counters and averages tell the same. */
function busySeconds(guest: Guest, from: number, to: number): number {
  const part = (at: number) => (-SWING * PERIOD_S * Math.cos(phase(guest, at))) / (2 * Math.PI)
  return Math.max(0, to - from + part(to) - part(from))
}

/** Bytes received between two moments; a quarter of it is sent. */
export const receivedBetween = (world: World, guest: Guest, from: number, to: number): number =>
  world.activityBps * busySeconds(guest, from, to)

/** The counters of its network cards; they begin at 0 with each start. */
export function counters(world: World, guest: Guest): { netin: number; netout: number } {
  if (!isRunning(guest) || guest.startedAt === null) return { netin: 0, netout: 0 }
  const received = receivedBetween(world, guest, guest.startedAt, now())
  const { in: netin = 0, out: netout = 0 } = guest.traffic ?? {}
  return { netin: Math.floor(netin + received), netout: Math.floor(netout + received / 4) }
}

import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

/** Taken from the system for many ids at once: for each alone that costs more than all the rest of it. */
const pool = Buffer.alloc(4_096)
const BYTES = 16
let at = pool.length
let lastMs = 0
let inMs = 0

/** A new row's id: UUID version 7, so that ids of one table grow with time and indexes stay dense. */
export function newId(): string {
  if (at === pool.length) {
    randomFillSync(pool)
    at = 0
  }
  const random = pool.subarray(at, (at += BYTES))
  const now = Date.now()
  // Those of one millisecond are counted from a random number on. Where the clock goes back, the last one lasts.
  const isNext = now > lastMs
  if (isNext) lastMs = now
  inMs = isNext ? random.readUInt32BE(6) >>> 1 : inMs + 1
  return v7({ random, msecs: lastMs, seq: inMs })
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
export const isUuid = (value: string): boolean => UUID.test(value)

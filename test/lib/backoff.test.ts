import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs, sleep } from '../../src/lib/backoff.ts'

test('a wait is between the half and the whole of base × 2^attempt, and never above the cap', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1_000 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 1, max: 3_600_000 }),
      (attempt, baseMs, capMs) => {
        const whole = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30))
        const wait = backoffMs(attempt, { baseMs, capMs })
        expect(Number.isInteger(wait)).toBe(true)
        expect(wait).toBeGreaterThanOrEqual(Math.floor(whole / 2))
        expect(wait).toBeLessThanOrEqual(whole)
      },
    ),
  )
})

test('waits are spread, so that what failed together does not come back together', () => {
  const waits = Array.from({ length: 500 }, () => backoffMs(5))
  expect(new Set(waits).size).toBeGreaterThan(300)
  expect(backoffMs(100)).toBeLessThanOrEqual(300_000)
})

test('a sleep ends when its time is over', async () => {
  const start = performance.now()
  await sleep(40)
  expect(performance.now() - start).toBeGreaterThanOrEqual(38)
})

test('a sleep that is aborted ends at once, with the reason', async () => {
  const abort = new AbortController()
  const waiting = sleep(60_000, abort.signal)
  abort.abort(new Error('the worker is stopping'))
  await expect(waiting).rejects.toThrow('the worker is stopping')
  await expect(sleep(60_000, abort.signal)).rejects.toThrow('the worker is stopping')
})

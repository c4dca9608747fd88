import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runDueTimers } from '../../src/jobs/timers.ts'
import { newId } from '../../src/lib/ids.ts'
import { startEngine, type Engine } from '../support/engine.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.close())

describe('timers', () => {
  /** Four processes that look for due timers all the time, for a while. */
  async function everybodyLooks(forMs: number, timer: { everyMs: number; run: () => Promise<void> }) {
    const own = [{ name: `timer-${newId()}`, ...timer }]
    const end = Date.now() + forMs
    const look = async () => {
      while (Date.now() < end) {
        await runDueTimers(engine.root, own)
        await sleep(5)
      }
    }
    await Promise.all([look(), look(), look(), look()])
    const { rows } = await engine.as(({ tx }) =>
      sql<{ last_error: string | null }>`select last_error from timers where name = ${own[0]?.name}`.execute(
        tx,
      ),
    )
    return rows[0]
  }

  it('run once each time they are due, however many workers look', async () => {
    const at: number[] = []
    await everybodyLooks(1_700, { everyMs: 400, run: async () => void at.push(performance.now()) })
    expect(at.length).toBeGreaterThan(1)
    // A run is seen a little later than it was due, by a moment that differs from run to run.
    const pauses = at.slice(1).map((time, n) => time - (at[n] ?? 0))
    expect(Math.min(...pauses)).toBeGreaterThan(200)
  })

  it('never run twice at once, also when a run takes longer than the pause', async () => {
    let now = 0
    let most = 0
    await everybodyLooks(1_000, {
      everyMs: 20,
      run: async () => {
        now += 1
        most = Math.max(most, now)
        await sleep(150)
        now -= 1
      },
    })
    expect(most).toBe(1)
  })

  it('are run again after a failure, which is kept to be seen', async () => {
    let runs = 0
    const timer = await everybodyLooks(500, {
      everyMs: 100,
      run: async () => {
        runs += 1
        throw new Error('no luck')
      },
    })
    expect(runs).toBeGreaterThan(2)
    expect(timer?.last_error).toBe('no luck')
  })
})

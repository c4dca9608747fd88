import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../src/lib/ids.ts'
import * as history from '../../src/db/provisioningHistory.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { defineOne, startEngine, type Engine } from '../support/engine.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
  await engine.startWorker()
})
afterAll(() => engine.close())

const DAY_MS = 86_400_000
const isLive = async (id: string): Promise<boolean> => {
  const { rows } = await engine.as(({ tx }) =>
    sql`select from provisioning_jobs_live where id = ${id}`.execute(tx),
  )
  return rows.length > 0
}
const archiveAll = () => engine.as(({ tx }) => history.archive(tx, new Date(Date.now() + DAY_MS), 1_000))
const detail = (id: string) =>
  engine.as((ctx) => provisioningService.getJobDetail({ ...ctx, seesInfrastructure: true }, id))

describe('a job that ended a while ago', () => {
  it('moves out of the live table and is shown as before, with its steps and log', async () => {
    const kind = defineOne(async (run) => {
      await run.log('something was done')
      return { made: 7 }
    })
    const id = await engine.add({ kind })
    await engine.state(id, 'succeeded')
    const before = await detail(id)
    await archiveAll()
    expect(await isLive(id)).toBe(false)
    expect(await detail(id)).toEqual(before)
    const page = await engine.as((ctx) =>
      provisioningService.listJobs(ctx, { kind }, { limit: 10, sort: '-createdAt' }),
    )
    expect(page.items.map((job) => job.id)).toEqual([id])
  })

  it('is found by its idempotency key, and not done again', async () => {
    const kind = defineOne(async () => {})
    const idempotencyKey = newId()
    const id = await engine.add({ kind, idempotencyKey })
    await engine.state(id, 'succeeded')
    await archiveAll()
    expect(await engine.add({ kind, idempotencyKey })).toBe(id)
    expect(await isLive(id)).toBe(false)
  })

  it('stays in the live table for a day', async () => {
    const kind = defineOne(async () => {})
    const id = await engine.add({ kind })
    await engine.state(id, 'succeeded')
    await provisioningService.archiveJobs(engine.root)
    expect(await isLive(id)).toBe(true)
    await engine.as(({ tx }) =>
      sql`update provisioning_jobs_live set finished_at = now() - interval '25 hours' where id = ${id}`.execute(
        tx,
      ),
    )
    await provisioningService.archiveJobs(engine.root)
    expect(await isLive(id)).toBe(false)
  })

  it('is refused every action, since it is over', async () => {
    const kind = defineOne(async () => {})
    const id = await engine.add({ kind })
    await engine.state(id, 'succeeded')
    await archiveAll()
    for (const act of [provisioningService.retryJob, provisioningService.cancelJob])
      await expect(engine.as((ctx) => act(ctx, id, 'because'))).rejects.toThrow('The job is over.')
  })
})

it('a job that is not over never moves, however old it is', async () => {
  const kind = defineOne(async () => {})
  const id = await engine.add({ kind, runAt: new Date(Date.now() + DAY_MS) })
  await engine.as(({ tx }) =>
    sql`update provisioning_jobs_live set created_at = now() - interval '1 year' where id = ${id}`.execute(
      tx,
    ),
  )
  await archiveAll()
  expect(await isLive(id)).toBe(true)
})

it('nothing moves while somebody is enqueueing by key, so that no key is ever used twice', async () => {
  const kind = defineOne(async () => {})
  const idempotencyKey = newId()
  const id = await engine.add({ kind, idempotencyKey })
  await engine.state(id, 'succeeded')
  const other = new Client({ connectionString: engine.ownerUrl })
  await other.connect()
  await other.query('begin')
  await other.query(`select pg_advisory_xact_lock_shared(hashtextextended('mpanel job history', 0))`)
  expect(await archiveAll()).toBe(0)
  await other.query('rollback')
  await other.end()
  expect(await archiveAll()).toBeGreaterThan(0)
})

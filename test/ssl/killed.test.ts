import { Resolver } from 'node:dns/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { handlers } from '../../src/jobs/index.ts'
import { Killed, toRest, type AnyHandler } from '../support/harnessRun.ts'
import { some } from '../support/some.ts'
import { startSslWorld, type SslWorld } from './world.ts'

let world: SslWorld
beforeAll(async () => {
  world = await startSslWorld({ worker: false })
})
afterAll(() => world.close())

const handlerOf = (kind: string): AnyHandler => {
  const handler = handlers.get(kind)
  if (!handler) throw new Error(`there is no handler for ${kind}`)
  return handler
}

async function txtAt(name: string): Promise<string[]> {
  const resolver = new Resolver()
  resolver.setServers([world.dns.address])
  return (await resolver.resolveTxt(`_acme-challenge.${name}`).catch(() => [])).flat()
}

/** Jobs about zones that are left, done by another worker. */
async function runZones(): Promise<void> {
  for (;;) {
    const { rows } = await world.app.as((ctx) =>
      sql<{ id: string; kind: string }>`select id, kind from provisioning_jobs_live where queue = 'domain'
        and state not in ('succeeded', 'failed', 'cancelled') order by id limit 1`.execute(ctx.tx),
    )
    const [job] = rows
    if (!job) return
    await toRest(world.app, job.id, handlerOf(job.kind))
  }
}

test('a worker that dies between any two steps leaves one order, one certificate and no proof in the zone', async () => {
  const tenantId = await world.app.tenant()
  const { name } = await world.domain(tenantId)
  await runZones()
  const steps = handlerOf('ssl.issue').steps.map((step) => step.name)
  for (const [at, step] of some([...steps.entries()], 4)) {
    const host = `h${at}.${name}`
    const { certificate, job } = await world.request(tenantId, [host, `*.${host}`])
    let dead = false
    const dies = {
      after: (reached: string): void => {
        if (reached !== step || dead) return
        dead = true
        throw new Killed()
      },
    }
    const before = (await allOrders()).length
    // Other workers do what is to be done in zones on the way.
    const { job: ended, lives } = await toRest(world.app, job.id, handlerOf('ssl.issue'), dies)
    expect(
      lives.some(({ killed }) => killed),
      step,
    ).toBe(true)
    expect({ step, state: ended.state, error: ended.error }).toEqual({
      step,
      state: 'succeeded',
      error: null,
    })
    expect(await allOrders(), step).toHaveLength(before + 1)
    expect((await world.get(certificate.id)).versions, step).toHaveLength(1)
    await runZones()
    expect(await txtAt(host), step).toEqual([])
  }
})

const allOrders = async (): Promise<string[]> => {
  const { rows } = await world.app.as((ctx) =>
    sql<{ url: string }>`select url from acme_orders where url is not null`.execute(ctx.tx),
  )
  return rows.map(({ url }) => url)
}

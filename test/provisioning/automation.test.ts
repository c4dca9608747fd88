import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Brake } from '../../shared/api/provisioningControls.ts'
import { newId } from '../../src/lib/ids.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { pay, prepareOrder, type Ordered } from '../support/api.ts'
import { startApp, until, type TestApp } from '../support/app.ts'

let app: TestApp
let beats = 0
const monitor = createServer((_, response) => {
  beats += 1
  response.end('ok')
})
beforeAll(async () => {
  monitor.listen(0, '127.0.0.1')
  await once(monitor, 'listening')
  const { port } = monitor.address() as AddressInfo
  app = await startApp({
    env: {
      MPANEL_HEARTBEAT_URL: `http://127.0.0.1:${port}/beat`,
      MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8',
    },
  })
})
afterAll(async () => {
  await app.close()
  monitor.close()
})
afterEach(() =>
  app.as(async ({ tx }) => {
    await sql`delete from job_pauses`.execute(tx)
  }),
)

const brakes = async (): Promise<Brake[]> =>
  (await app.admin.get<{ items: Brake[] }>('/api/admin/provisioning/brakes')).body.items
const codes = async (of = app): Promise<string[]> => {
  await provisioningService.watch(of.root)
  return (await of.as(provisioningService.listAlerts)).map(({ code, ref }) => `${code} ${ref}`.trim())
}
const events = async (action: string, of = app): Promise<number> => {
  const { rows } = await of.as(({ tx }) =>
    sql<{ n: number }>`select count(*)::int as n from audit_events where action = ${action}`.execute(tx),
  )
  return rows[0]?.n ?? 0
}
const mayTouch = (action: string, wanted: number, total: number) =>
  app.as((ctx) => provisioningService.mayTouch(ctx, action, { wanted, total }))

describe('automation that would touch unusually many things', () => {
  it('waits for a person, and goes on for a day once it was confirmed', async () => {
    const action = `test.${newId()}`
    expect(await mayTouch(action, 20, 50)).toBe(true)
    expect(await mayTouch(action, 1, 50)).toBe(false)
    expect(await mayTouch(action, 30, 50)).toBe(false)
    const [brake] = (await brakes()).filter((one) => one.action === action)
    expect(brake).toMatchObject({ wanted: 30, allowed: 20, state: 'waiting' })
    const answer = await app.admin.post<Brake>(`/api/admin/provisioning/brakes/${brake?.id}`, {
      decision: 'confirmed',
      wanted: 30,
      reason: 'a reseller has left us',
    })
    expect(answer).toMatchObject({ status: 200, body: { state: 'confirmed' } })
    expect(await mayTouch(action, 30, 50)).toBe(true)
    expect(await mayTouch(action, 31, 50)).toBe(false)
    app.clock.offsetMs += 25 * 3_600_000
    expect(await mayTouch(action, 30, 50)).toBe(false)
    // The administrator's session would end.
    app.clock.offsetMs = 0
  })

  it('is measured by its share where there is much', async () => {
    const action = `test.${newId()}`
    expect(await mayTouch(action, 900, 10_000)).toBe(true)
    expect(await mayTouch(action, 101, 10_000)).toBe(false)
  })

  it('is not confirmed by somebody who saw fewer than there are now, nor twice', async () => {
    const action = `test.${newId()}`
    expect(await mayTouch(action, 25, 50)).toBe(false)
    const [brake] = (await brakes()).filter((one) => one.action === action)
    const decide = (wanted: number, decision: string) =>
      app.admin.post(`/api/admin/provisioning/brakes/${brake?.id}`, { decision, wanted, reason: 'seen' })
    expect((await decide(24, 'confirmed')).body).toMatchObject({ code: 'conflict' })
    expect((await decide(25, 'dismissed')).status).toBe(200)
    expect((await decide(25, 'confirmed')).body).toMatchObject({ code: 'invalid_state' })
    expect(await mayTouch(action, 25, 50)).toBe(false)
  })

  it('ends no subscription while it waits, and the others go on being served', async () => {
    const tenant = await app.tenant()
    await app.admin.call('PATCH', '/api/admin/tenants/settings', { 'automation.brakeMinimum': 0 })
    const { body } = await app.admin.post<Ordered>(
      '/api/admin/billing/subscriptions',
      await prepareOrder(app.admin, tenant),
    )
    await pay(app.admin, body.invoice)
    const path = `/api/admin/billing/subscriptions/${body.subscription.id}`
    const stateOf = async () => (await app.admin.get<Ordered['subscription']>(path)).body.state
    await until(async () => (await stateOf()) === 'active', 'the subscription to be active')
    await app.as(({ tx }) =>
      sql`update subscriptions set cancel_at = now() - interval '1 day' where id = ${body.subscription.id}`.execute(
        tx,
      ),
    )
    await BillingService.endDue(app.root)
    expect(await stateOf()).toBe('active')
    const [brake] = (await brakes()).filter(({ action }) => action === 'subscriptions.end')
    expect(brake).toMatchObject({ wanted: 1, allowed: 0 })
    expect(await codes()).toContain('brake subscriptions.end')
    await app.admin.post(`/api/admin/provisioning/brakes/${brake?.id}`, {
      decision: 'confirmed',
      wanted: 1,
      reason: 'as agreed',
    })
    await BillingService.endDue(app.root)
    expect(['terminating', 'terminated']).toContain(await stateOf())
  })
})

describe('an alert', () => {
  it('is raised when no worker is there, told once, and cleared when one is', async () => {
    const alone = await startApp({ worker: false })
    try {
      expect(await codes(alone)).toContain('no_worker')
      await codes(alone)
      expect(await events('ALERT_RAISED', alone)).toBe(1)
      // Every timer is late by now; one cause is told once.
      await alone.as(({ tx }) =>
        sql`insert into timers (name, next_run_at) values ('late', now() - interval '1 hour')`.execute(tx),
      )
      expect(await codes(alone)).toEqual(['no_worker'])
      await alone.as(({ tx }) =>
        sql`update timers set next_run_at = now() + interval '1 day' where name = 'late'`.execute(tx),
      )
      await alone.startWorker()
      await until(async () => !(await codes(alone)).includes('no_worker'), 'the worker to be seen')
      expect(await events('ALERT_CLEARED', alone)).toBe(1)
    } finally {
      await alone.close()
    }
  })

  it('is raised for jobs that have waited for something outside for an hour, with what one of them waits for', async () => {
    const id = newId()
    const waitSince = (minutes: number) =>
      app.as(({ tx }) =>
        sql`insert into provisioning_jobs_live (id, queue, kind, subject_type, seq, state, payload, idempotency_key,
            correlation_id, actor, max_attempts, created_at, started_at, run_at, waiting_for)
          values (${id}, 'ssl', 'test.wait', 'test', nextval('provisioning_job_seq'), 'scheduled', '{}', ${id}, 'x', '{}', 1,
            now() - interval '3 hours', now() - make_interval(mins => ${minutes}), now() + interval '1 hour', 'VMID 7')
          on conflict do nothing`.execute(tx),
      )
    await waitSince(61)
    expect(await codes()).toContain('jobs_waiting ssl')
    const alerts = await app.as(provisioningService.listAlerts)
    expect(alerts.find(({ code }) => code === 'jobs_waiting')?.message).toContain('such as for: VMID 7')
    await app.as(({ tx }) =>
      sql`update provisioning_jobs_live set started_at = now() - interval '50 minutes' where id = ${id}`.execute(
        tx,
      ),
    )
    expect(await codes()).not.toContain('jobs_waiting ssl')
  })

  it('is raised for jobs that are ready and not run, but not for a queue that somebody paused', async () => {
    await app.as((ctx) =>
      provisioningService.pause(ctx, { what: 'kind', which: 'cloudPod.power', reason: 'a test' }),
    )
    await app.as(async ({ tx }) => {
      await sql`insert into provisioning_jobs_live (id, queue, kind, subject_type, seq, state, payload, idempotency_key,
          correlation_id, actor, max_attempts, created_at)
        values (${newId()}, 'cloud_pod', 'cloudPod.power', 'test', nextval('provisioning_job_seq'), 'ready', '{}',
          ${newId()}, 'x', '{}', 1, now() - interval '3 days')`.execute(tx)
    })
    expect(await codes()).toContain('queue_stalled cloud_pod')
    await app.as((ctx) =>
      provisioningService.pause(ctx, { what: 'queue', which: 'cloud_pod', reason: 'a test' }),
    )
    expect(await codes()).not.toContain('queue_stalled cloud_pod')
    await app.as(({ tx }) =>
      sql`update provisioning_jobs_live set state = 'cancelled', finished_at = now()
        where kind = 'cloudPod.power' and subject_type = 'test'`.execute(tx),
    )
  })

  it('is raised for jobs that wait for a person, and for timers that fail or are not run', async () => {
    await app.as(async ({ tx }) => {
      await sql`update timers set last_error = 'it broke' where name = 'audit.archive'`.execute(tx)
      await sql`insert into timers (name, next_run_at) values ('gone', now() - interval '1 hour')`.execute(tx)
    })
    expect(await codes()).toEqual(
      expect.arrayContaining(['timer_failing audit.archive', 'timer_overdue gone']),
    )
    await app.as(({ tx }) =>
      sql`update timers set next_run_at = now() + interval '1 day' where name = 'gone'`.execute(tx),
    )
    await app.as(({ tx }) =>
      sql`update timers set last_error = null where name = 'audit.archive'`.execute(tx),
    )
    expect(await codes()).not.toContain('timer_overdue gone')
  })
})

describe('a monitor outside', () => {
  it('hears the heart-beat while work gets done, and nothing while everything is stopped', async () => {
    await codes()
    beats = 0
    await provisioningService.beat(app.root)
    expect(beats).toBe(1)
    await app.as((ctx) => provisioningService.pause(ctx, { what: 'all', which: '*', reason: 'a test' }))
    expect(await codes()).toContain('stopped')
    expect(
      await app.as(async (ctx) => (await provisioningService.listAlerts(ctx)).map(({ message }) => message)),
    ).toContain('All automation is stopped (a test). Start it again on the page Queues & workers.')
    await provisioningService.beat(app.root)
    expect(beats).toBe(1)
    await app.as((ctx) => provisioningService.resume(ctx, 'all', '*'))
    expect(await codes()).not.toContain('stopped')
  })
})

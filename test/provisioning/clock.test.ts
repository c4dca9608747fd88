import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Clock } from '../../shared/api/provisioningClock.ts'
import type { Me } from '../../shared/api/auth.ts'
import { prepare } from '../../src/db/provisioningClock.ts'
import { newId } from '../../src/lib/ids.ts'
import * as billingCollectionService from '../../src/services/billingCollectionService.ts'
import * as provisioningClockService from '../../src/services/provisioningClockService.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { CASES } from '../rules/cases.ts'

const PATH = '/api/admin/provisioning/clock'
const DAY_MS = 86_400_000
const WHMCS = { url: 'https://billing.example.com', identifier: 'mpanel', secret: 'a-secret-of-theirs' }

type Problem = { code: string; detail: string }

describe('the simulated clock', { timeout: 120_000 }, () => {
  let app: TestApp

  beforeAll(async () => {
    app = await startApp({ trial: true })
  })
  afterAll(() => app.close())

  const advance = (to: number) =>
    app.admin.post<Clock & Problem>(`${PATH}/advance`, { to: new Date(to).toISOString() })
  const show = async (): Promise<Clock> => (await app.admin.get<Clock>(PATH)).body
  const now = async (): Promise<number> => Date.parse((await show()).now)
  const events = (action: string) =>
    rowsOf<{ details: { to: string }; label: string }>(
      app,
      sql`select details, actor ->> 'label' as label from audit_events where action = ${action} order by at, id`,
    )

  it('goes forward only, at most a year at once', async () => {
    const past = await advance((await now()) - 1_000)
    expect([past.status, past.body.detail]).toEqual([422, expect.stringMatching(/forward only/)])
    const far = await advance((await now()) + 367 * DAY_MS)
    expect([far.status, far.body.detail]).toEqual([422, expect.stringMatching(/a year/)])
    const idle = await app.admin.post<Problem>(`${PATH}/stop`)
    expect([idle.status, idle.body.code]).toEqual([409, 'invalid_state'])
  })

  it('is stopped by the one who has ordered it, and both are in the audit log', async () => {
    const to = (await now()) + 3 * DAY_MS
    const begun = await advance(to)
    expect([begun.status, begun.body.run?.to]).toEqual([202, new Date(to).toISOString()])
    const twice = await advance(to)
    expect([twice.status, twice.body.detail]).toEqual([409, expect.stringMatching(/already/)])
    expect((await app.admin.post<Clock>(`${PATH}/stop`)).body).toMatchObject({
      run: null,
      last: { ended: 'stopped' },
    })
    expect(await events('CLOCK_ADVANCED')).toMatchObject([
      { details: { to: new Date(to).toISOString() }, label: 'admin@example.com' },
    ])
    expect(await events('CLOCK_STOPPED')).toHaveLength(1)
  })

  /** What the loop of `npm start` does, until it has nothing to do. */
  const arrive = async (): Promise<void> => {
    const timers = (await rowsOf<{ name: string }>(app, sql`select name from timers`)).map(({ name }) => name)
    await until(async () => {
      await provisioningClockService.advanceDue(app.root, timers)
      return (await show()).run === null
    }, 'time to arrive')
  }

  it('takes the database, the log-ins and the workers along', async () => {
    const before = await rowsOf<{ verified: Date }>(
      app,
      sql`select max(verified_at) as verified from sessions`,
    )
    await advance((await now()) + 2 * DAY_MS)
    await arrive()
    const { aheadMs, last } = await show()
    expect(last).toMatchObject({ ended: 'arrived', failedJobs: 0, notes: [] })
    expect(aheadMs).toBeGreaterThan(2 * DAY_MS - 60_000)
    const [at] = await rowsOf<{ db: Date }>(app, sql`select clock_timestamp() as db`)
    expect(Math.abs((at?.db.getTime() ?? 0) - app.root.now().getTime())).toBeLessThan(60_000)
    const [after] = await rowsOf<{ verified: Date }>(
      app,
      sql`select max(verified_at) as verified from sessions`,
    )
    expect((after?.verified.getTime() ?? 0) - (before[0]?.verified.getTime() ?? 0)).toBe(aheadMs)
    expect((await app.admin.get<Me>('/api/auth/me')).body.clock).toEqual({ aheadMs })
    const [silent] = await rowsOf<{ n: number }>(
      app,
      sql`select count(*)::int as n from workers where seen_at < clock_timestamp() - interval '1 minute'`,
    )
    expect(silent?.n).toBe(0)
    expect(await prepare(app.ownerUrl)).toBe(aheadMs)
  })

  it('waits for a person whom the automation waits for, and goes on by itself then', async () => {
    const stop = { what: 'all', which: '*', reason: 'to look at something' }
    await app.admin.post('/api/admin/provisioning/queues/pause', stop)
    await advance((await now()) + DAY_MS)
    const before = (await show()).aheadMs
    await provisioningClockService.advanceDue(app.root, [])
    expect(await show()).toMatchObject({ run: { waitsFor: 'stopped' }, aheadMs: before })
    await app.admin.post('/api/admin/provisioning/queues/resume', { what: 'all', which: '*' })

    const brake = newId()
    await app.as(({ tx }) =>
      sql`insert into automation_brakes (id, action, wanted, allowed, opened_at)
        values (${brake}, 'subscriptions.suspend', 100, 20, now())`.execute(tx),
    )
    await provisioningClockService.advanceDue(app.root, [])
    expect(await show()).toMatchObject({ run: { waitsFor: 'brake' }, aheadMs: before })
    await app.admin.post(`/api/admin/provisioning/brakes/${brake}`, {
      decision: 'confirmed',
      wanted: 100,
      reason: 'as it should be',
    })
    await arrive()
    expect((await show()).aheadMs).toBeGreaterThan(before + DAY_MS - 60_000)
  })

  it('stops at once, and is refused with its name, when something real is connected', async () => {
    await advance((await now()) + 5 * DAY_MS)
    const id = await app.as((ctx) =>
      billingCollectionService.seedProvider(ctx, {
        key: `sk_test_${newId()}`,
        webhookSecret: null,
        simulated: false,
      }),
    )
    await provisioningClockService.advanceDue(app.root, [])
    const shown = await show()
    expect(shown).toMatchObject({ run: null, last: { ended: 'refused' } })
    expect(shown.refused?.systems).toEqual([{ kind: 'paymentProvider', name: 'stripe' }])
    const { status, body } = await advance((await now()) + DAY_MS)
    expect([status, body.code, body.detail]).toEqual([
      409,
      'invalid_state',
      expect.stringMatching(/real is connected: paymentProvider “stripe”/),
    ])
    await app.as(({ tx }) => sql`update billing_providers set simulated = true where id = ${id}`.execute(tx))
    expect((await show()).refused).toBeNull()
  })

  it.each([
    ['createCluster', '/api/admin/provisioning/clusters', 'cluster'],
    ['createBillingProvider', '/api/admin/billing/providers', 'paymentProvider'],
    ['createRegistrar', '/api/admin/domains/registrars', 'registrar'],
    ['createDnsServer', '/api/admin/domains/dns-servers', 'dnsServer'],
    ['createSslIssuer', '/api/admin/ssl/issuers', 'certificateIssuer'],
    ['createIpSource', '/api/admin/provisioning/ip-sources', 'addressSource'],
    ['createSsoProvider', '/api/admin/sso-providers', 'identityProvider'],
    ['createAuditSink', '/api/admin/audit/sinks', 'auditReceiver'],
    ['createAuditWebhook', '/api/admin/audit/webhooks', 'webhook'],
  ])('lets nothing real be connected while it is ahead: %s', async (operation, path, kind) => {
    const tenantId = await app.tenant()
    const made =
      operation === 'createBillingProvider'
        ? { body: { kind: 'whmcs', tenantId, ...WHMCS } }
        : await CASES[operation]?.(app, tenantId)
    const connect = () => app.admin.post<Problem & { id: string }>(path, made?.body)
    expect((await show()).aheadMs).toBeGreaterThan(0)
    const refused = await connect()
    expect([refused.status, refused.body.code, refused.body.detail]).toEqual([
      409,
      'invalid_state',
      expect.stringMatching(new RegExp(`${kind} “.*another MPANEL_DATA_DIR`)),
    ])
    expect((await show()).refused).toBeNull()
  })

  it('lets what was connected before be taken out of use, and not into use again', async () => {
    const clock = app.root.clock ?? { aheadMs: 0 }
    const { aheadMs } = clock
    const made = await CASES['createSsoProvider']?.(app, await app.tenant())
    clock.aheadMs = 0
    const added = await app.admin.post<{ id: string }>('/api/admin/sso-providers', made?.body)
    clock.aheadMs = aheadMs
    const enable = (enabled: boolean) =>
      app.admin.call<Problem>('PATCH', `/api/admin/sso-providers/${added.body.id}`, { enabled })
    expect((await enable(false)).status).toBe(200)
    const again = await enable(true)
    expect([again.status, again.body.detail]).toEqual([409, expect.stringMatching(/“Sign-on”/)])
    expect((await show()).refused).toBeNull()
  })

  it('is not there where the database or the cluster is the operator’s, which refuses a database that is ahead', async () => {
    const { root } = app
    const real = { ...root, clock: null }
    const as = <T>(work: Parameters<typeof app.as<T>>[0]) =>
      app.as((ctx) => work({ ...ctx, clock: real.clock }))
    await expect(
      as((ctx) => provisioningClockService.advance(ctx, new Date(ctx.now().getTime() + DAY_MS))),
    ).rejects.toThrow(/only where mPanel is tried out/)
    await expect(as(provisioningClockService.requireOwnTime)).rejects.toThrow(/it cannot go back/)
  })
})

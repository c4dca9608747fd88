import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import * as pods from '../../src/db/cloudPods.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { contractIn, forget, mailsOf, run, stateOf, travel } from './contractWorld.ts'
import { books, makeRoom, order, payment, shop } from './world.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
  await makeRoom(app)
})
afterAll(() => app.close())
afterEach(async () => {
  app.clock.offsetMs = 0
  await forget(app)
})

test('what is paid and not delivered in time is an alert until it is cancelled, which credits the payment in full', async () => {
  const seller = await shop(app)
  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller))
  const raised = async () => {
    await provisioningService.watch(app.root)
    const alerts = await app.as(provisioningService.listAlerts)
    return alerts.find(({ code }) => code === 'paid_not_delivered')?.message
  }
  expect(await raised()).toBeUndefined()
  await app.as((ctx) =>
    BillingService.recordPayment(ctx, seller.tenantId, invoice.id, payment(invoice.total.amount)),
  )
  expect(await raised()).toBeUndefined()
  travel(app, new Date(Date.now() + 3 * 86_400_000).toISOString())
  expect(await raised()).toContain(
    `1 subscription(s) are paid and not delivered, such as ${subscription.pod?.hostname}`,
  )
  await app.as((ctx) =>
    BillingService.cancel(ctx, seller.tenantId, subscription.id, { when: 'now', reason: '' }),
  )
  expect(await raised()).toBeUndefined()
  expect(await app.as((ctx) => books(ctx, seller.tenantId))).toMatchObject({ credit: -499n, receivable: 0n })
})

test.each(['before it is to be stopped', 'while its job looks for it'])(
  'a subscription whose pod is gone %s is suspended, and not for ever about to be',
  async (when) => {
    const seller = await shop(app)
    travel(app, '2027-01-10T12:00:00Z')
    const id = await contractIn(app, seller)
    const lose = () =>
      app.as(async ({ tx }) => {
        await sql`update cloud_pods set state = 'deleted', deleted_at = now(), action = null where subscription_id = ${id}`.execute(
          tx,
        )
      })
    if (when.startsWith('before')) await lose()
    for (const day of ['02-04', '02-12', '02-25', '02-27']) {
      travel(app, `2027-${day}T12:00:00Z`)
      await run(app)
    }
    if (!when.startsWith('before')) {
      expect(await stateOf(app, seller, id)).toBe('suspending')
      await lose()
      const [row] = await rowsOf(
        app,
        sql<{ id: string }>`select id from tenant_suspensions where subscription_id = ${id}`,
      )
      const place = { tenantId: seller.tenantId, suspensionId: row?.id ?? '' }
      await app.as((ctx) => BillingService.podAbsent(ctx, place))
    }
    expect(await stateOf(app, seller, id)).toBe('suspended')
    expect(await mailsOf(app, seller.tenantId)).toContain('subscriptionSuspended')
    expect((await app.as((ctx) => pods.ofSubscription(ctx.tx, seller.tenantId, id)))?.state).toBe('deleted')
  },
)

test('a plan has days of its own, and a tenant’s count before the platform’s', async () => {
  const seller = await shop(app)
  const { tenantId, plan } = seller
  const PATH = '/api/admin/billing/dunning-policies'
  const make = (body: object) => app.admin.post<{ id: string; code: string }>(PATH, body)
  const suspendedOn = async (id: string) =>
    (
      await app.as((ctx) => BillingService.showCalendar(ctx, tenantId, id, { assume: 'unpaid', days: 100 }))
    ).items.find(({ what }) => what === 'suspend')?.date
  expect((await make({ suspendAfterDays: 5 })).body.code).toBe('invalid_input')
  expect((await make({ planId: plan.id, suspendAfterDays: 5 })).body.code).toBe('not_found')
  await make({ tenantId, suspendAfterDays: 20 })
  const { status, body } = await make({ tenantId, planId: plan.id, suspendAfterDays: 5 })
  expect(status).toBe(201)
  expect((await make({ tenantId, planId: plan.id, suspendAfterDays: 6 })).body.code).toBe('already_exists')
  travel(app, '2027-01-10T12:00:00Z')
  const id = await contractIn(app, seller)
  expect(await suspendedOn(id)).toBe('2027-02-15')
  app.clock.offsetMs = 0
  await app.admin.call('DELETE', `${PATH}/${body.id}`)
  travel(app, '2027-01-10T12:00:00Z')
  expect(await suspendedOn(id)).toBe('2027-03-02')
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditEvent } from '../../shared/api/audit.ts'
import type { AuditWebhookDelivery, AuditWebhookMade } from '../../shared/api/auditWebhooks.ts'
import type { Page } from '../../shared/api/common.ts'
import { verifyWebhook } from '../../packages/client/src/webhooks.ts'
import { sealAll } from '../../src/services/audit/sealing.ts'
import { deliverWebhooks, tidy } from '../../src/services/auditWebhookService.ts'
import type { Api } from '../support/api.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { keyOf, person, roleKey } from '../users/people.ts'
import { startReceiver, type Receiver } from './receiver.ts'
import { DELIVERIES, webhookSteps, WEBHOOKS } from './webhookSteps.ts'

let app: TestApp
let receiver: Receiver
/** By a key: sessions end while the clock is moved. */
let admin: Api
const { create, happen, settled, at, cameTo, read, deliveriesOf, change } = webhookSteps(
  () => app,
  () => receiver,
  () => admin,
)
const HOUR_MS = 3_600_000

beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false, env: { MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8' } })
  receiver = await startReceiver()
  admin = (await keyOf(app, 'admin@example.com', { days: 90 })).api
})
afterAll(async () => {
  receiver.close()
  await app.close()
})

/** Attempts are made until the clock has moved on by so many hours. */
async function hoursPass(hours: number): Promise<void> {
  for (let n = 0; n < hours; n++) {
    app.clock.offsetMs += HOUR_MS
    await deliverWebhooks(app.root)
  }
}

test('a webhook gets the events it asked for from its creation on, each as the audit log tells it', async () => {
  const tenant = await app.tenant()
  await happen(tenant)
  await sealAll(app.root)
  const { path, secret } = await create({ eventTypes: ['CUSTOMER_CREATED', 'CUSTOMER_CLOSED'] })
  const first = await happen(tenant)
  await happen(tenant, { action: 'PLAN_CREATED' })
  const second = await happen(null, { action: 'CUSTOMER_CLOSED' })
  await settled()
  const came = at(path)
  expect(came.map(({ event }) => event.id).toSorted()).toEqual([first, second].toSorted())
  for (const { headers, body, event } of came) {
    expect(await verifyWebhook(headers, body, secret, { now: app.root.now().getTime() })).toEqual(event)
    expect(headers['webhook-id']).toBe(event.id)
    const asked = `/api/admin/audit/events?action=${event.type}`
    const { items } = (await admin.get<Page<AuditEvent>>(asked)).body
    const told = items.find(({ id }) => id === event.id)
    expect(event).toEqual({
      id: told?.id,
      type: told?.action,
      createdAt: told?.at,
      tenantId: told?.tenantId,
      data: told,
    })
  }
})

test('what fails is tried again later, and every attempt carries the same id', async () => {
  const { id, path } = await create()
  receiver.answers.set(path, { status: 500, body: 'out of\u0007 order'.repeat(1_000) })
  const event = await happen(null)
  await settled()
  const failing = (await deliveriesOf(id)).find(({ eventId }) => eventId === event)
  expect(failing).toMatchObject({ state: 'waiting', attempts: 1, status: 500, error: null })
  expect(failing?.answer?.startsWith('out of  order')).toBe(true)
  expect(failing?.answer?.length).toBeLessThanOrEqual(1_000)
  await deliverWebhooks(app.root)
  expect(cameTo(path)).toEqual([event])
  receiver.answers.delete(path)
  await hoursPass(1)
  expect(cameTo(path)).toEqual([event, event])
  expect((await deliveriesOf(id)).find(({ eventId }) => eventId === event)).toMatchObject({
    state: 'delivered',
    attempts: 2,
    status: 204,
  })
  expect(await read(id)).toMatchObject({ failures: 0, waiting: 0, restsUntil: null })
})

test('after three days without success an event is given up and its webhook disabled, and who manages it gets a mail', async () => {
  const tenant = await app.tenant()
  const owner = await person(app, 'TENANT_OWNER', tenant)
  const helper = await person(app, 'TENANT_USER', tenant)
  const { id, path } = await create({ tenantId: tenant })
  receiver.answers.set(path, { status: 503 })
  const event = await happen(tenant)
  await settled()
  await hoursPass(71)
  expect(await read(id)).toMatchObject({ state: 'enabled' })
  await hoursPass(3)
  expect(await read(id)).toMatchObject({ state: 'disabled', disabledBecause: 'failing' })
  const [given] = await deliveriesOf(id, '&state=failed')
  expect(given).toMatchObject({ status: 503, nextAttemptAt: null })
  expect(given?.attempts).toBeGreaterThan(12)
  expect(given?.attempts).toBeLessThan(35)
  const told = await admin.get<Page<AuditEvent>>('/api/admin/audit/events?action=AUDIT_WEBHOOK_DISABLED')
  expect(told.body.items[0]).toMatchObject({ tenantId: tenant, target: { id } })
  const mails = (to: string) =>
    app.as(({ tx }) => tx.selectFrom('mails').select('subject').where('recipient', '=', to).execute())
  expect(await mails(owner.email)).toEqual([{ subject: 'A webhook was disabled' }])
  expect(await mails(helper.email)).toEqual([])

  // Meanwhile something happens; enabled again, what was given up and what waits can be had.
  const missed = await happen(tenant)
  await settled()
  expect((await admin.post<{ code: string }>(`${WEBHOOKS}/${id}/test`, {})).body.code).toBe('invalid_state')
  receiver.answers.delete(path)
  expect((await change(id, { state: 'enabled' })).status).toBe(200)
  const since = new Date(app.root.now().getTime() - 96 * HOUR_MS).toISOString()
  const { body } = await admin.post<{ replayed: number }>(`${WEBHOOKS}/${id}/replay`, { since })
  expect(body.replayed).toBeGreaterThan(0)
  receiver.received.length = 0
  await settled()
  expect(cameTo(path).toSorted()).toEqual([event, missed].toSorted())
})

test('a receiver that answers 410 is asked no more', async () => {
  const { id, path } = await create({ eventTypes: ['CUSTOMER_CREATED'] })
  receiver.answers.set(path, { status: 410 })
  await happen(null)
  await settled()
  expect(await read(id)).toMatchObject({ state: 'disabled', disabledBecause: 'gone' })
  await happen(null)
  await settled()
  await hoursPass(2)
  expect(at(path)).toHaveLength(1)
  expect((await deliveriesOf(id, '&state=failed')).map(({ status }) => status)).toEqual([410])
})

test('a new secret signs beside the former one until the time that was said', async () => {
  const made = await create()
  const { body: turned } = await admin.post<AuditWebhookMade>(`${WEBHOOKS}/${made.id}/secret`, {
    overlapHours: 2,
  })
  expect(turned.secret).not.toBe(made.secret)
  expect(JSON.stringify(await read(made.id))).not.toContain('whsec_')
  const signedBy = async (secret: string): Promise<boolean> => {
    const last = at(made.path).at(-1)
    return verifyWebhook(last?.headers ?? {}, last?.body ?? '', secret, {
      now: app.root.now().getTime(),
    }).then(
      () => true,
      () => false,
    )
  }
  await happen(null)
  await settled()
  expect([await signedBy(made.secret), await signedBy(turned.secret)]).toEqual([true, true])
  app.clock.offsetMs += 2 * HOUR_MS
  await happen(null)
  await settled()
  expect([await signedBy(made.secret), await signedBy(turned.secret)]).toEqual([false, true])
  const { body: again } = await admin.post<AuditWebhookMade>(`${WEBHOOKS}/${made.id}/secret`, {
    overlapHours: 0,
  })
  await happen(null)
  await settled()
  expect([await signedBy(turned.secret), await signedBy(again.secret)]).toEqual([false, true])
})

test('a test event comes whatever kinds were chosen, and once', async () => {
  const chosen = await create({ eventTypes: ['PLAN_CREATED'] })
  const all = await create()
  for (const { id } of [chosen, all]) {
    const { status, body } = await admin.post<AuditWebhookDelivery>(`${WEBHOOKS}/${id}/test`, {})
    expect(status).toBe(202)
    expect(body).toMatchObject({ state: 'waiting', eventType: 'AUDIT_WEBHOOK_TESTED' })
  }
  await deliverWebhooks(app.root)
  await settled()
  expect(at(chosen.path).map(({ event }) => event.type)).toEqual(['AUDIT_WEBHOOK_TESTED'])
  const mine = at(all.path).filter(({ event }) => (event.data['target'] as { id: string }).id === all.id)
  expect(mine.filter(({ event }) => event.type === 'AUDIT_WEBHOOK_TESTED')).toHaveLength(1)
})

test('one event can be had once more, under the id it had before', async () => {
  const { id, path } = await create()
  const event = await happen(null)
  await settled()
  const [delivery] = (await deliveriesOf(id)).filter(({ eventId }) => eventId === event)
  const { status } = await admin.post(`${DELIVERIES}/${delivery?.id}/replay`, {})
  expect(status).toBe(202)
  await deliverWebhooks(app.root)
  expect(cameTo(path)).toEqual([event, event])
})

test('a disabled webhook keeps its place, and a change of meanwhile is refused', async () => {
  const { id, path } = await create()
  await change(id, { state: 'disabled' })
  const event = await happen(null)
  await settled()
  expect(cameTo(path)).toEqual([])
  const { version } = await read(id)
  const stale = await admin.call(
    'PATCH',
    `${WEBHOOKS}/${id}`,
    { description: 'x' },
    { 'if-match': `"v${version - 1}"` },
  )
  expect(stale.status).toBe(412)
  await change(id, { state: 'enabled' })
  await settled()
  expect(cameTo(path)).toEqual([event])
})

test('a webhook takes only kinds of events that there are, and an address that can be called', async () => {
  const valid = { tenantId: null, url: 'https://receiver.example.com/' }
  for (const wrong of [
    { eventTypes: ['NO_SUCH_EVENT'] },
    { eventTypes: [] },
    { url: 'ftp://example.com' },
    { url: 'https://user:secret@example.com' },
  ])
    expect((await admin.post(WEBHOOKS, { ...valid, ...wrong })).status).toBe(422)
  const tenant = await app.tenant()
  const owner = await roleKey(app, 'TENANT_OWNER', tenant)
  for (let n = 0; n < 20; n++) await create({ tenantId: tenant }, owner)
  const { body } = await owner.post<{ code: string }>(WEBHOOKS, { ...valid, tenantId: tenant })
  expect(body.code).toBe('quota_exceeded')
})

test('deliveries that ended are kept for thirty days; what waits is kept', async () => {
  const { id, path } = await create()
  await happen(null)
  await settled()
  receiver.answers.set(path, { status: 500 })
  await happen(null)
  await settled()
  app.clock.offsetMs += 31 * 24 * HOUR_MS
  await app.as(tidy)
  const left = await deliveriesOf(id)
  expect(left.length).toBeGreaterThan(0)
  expect(new Set(left.map(({ state }) => state))).toEqual(new Set(['waiting']))
})

test('a worker delivers by itself what happens', async () => {
  const { path } = await create()
  const worker = await app.startWorker()
  const event = await happen(null)
  await until(async () => cameTo(path).includes(event), 'the delivery')
  await worker.stop()
})

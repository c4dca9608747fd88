import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditWebhookDelivery } from '../../shared/api/auditWebhooks.ts'
import { newId } from '../../src/lib/ids.ts'
import { sealAll } from '../../src/services/audit/sealing.ts'
import { fanOut } from '../../src/services/audit/webhooks.ts'
import { deliverWebhooks, webhookSender } from '../../src/services/auditWebhookService.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import type { Api } from '../support/api.ts'
import { keyOf, roleKey } from '../users/people.ts'
import { startReceiver, type Receiver } from './receiver.ts'
import { DELIVERIES, webhookSteps, WEBHOOKS } from './webhookSteps.ts'

let app: TestApp
let receiver: Receiver
let admin: Api
const { create, happen, settled, at, cameTo, read, deliveriesOf } = webhookSteps(
  () => app,
  () => receiver,
  () => admin,
)

beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false, env: { MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8' } })
  receiver = await startReceiver()
  admin = (await keyOf(app, 'admin@example.com', { days: 90 })).api
})
afterAll(async () => {
  receiver.close()
  await app.close()
})
/** As the owner of the database, whom nothing stops. */
async function asOwner(...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: app.ownerUrl })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}
const only = { eventTypes: ['CUSTOMER_CREATED'] }

test('a fan-out that breaks off half-way leaves no delivery behind, and the next one leaves no event out', async () => {
  const { id, path } = await create(only)
  const event = await happen(null)
  await sealAll(app.root)
  // The deliveries are written down, and then the transaction fails.
  await asOwner(
    `create function break_off() returns trigger language plpgsql as $$ begin raise 'broken off'; end $$`,
    `create trigger break_off before update on audit_webhooks for each row execute function break_off()`,
  )
  await expect(fanOut(app.root)).rejects.toThrow('broken off')
  expect(await deliveriesOf(id)).toEqual([])
  await asOwner(`drop trigger break_off on audit_webhooks`)
  await Promise.all([fanOut(app.root), fanOut(app.root)])
  expect((await deliveriesOf(id)).map(({ eventId }) => eventId)).toEqual([event])
  await deliverWebhooks(app.root)
  expect(cameTo(path)).toEqual([event])
})

test('a worker that dies between fan-out and delivery, or in the middle of one, leaves it to the next', async () => {
  const { path } = await create(only)
  const events = [await happen(null), await happen(null)]
  await sealAll(app.root)
  await fanOut(app.root)
  // It has sent, and dies before it writes that down.
  const deaf = {
    ...app.root,
    vendors: { ...app.root.vendors, webhookEvent: () => new Promise<never>(() => {}) },
  }
  await webhookSender(deaf).tick()
  await deliverWebhooks(app.root)
  expect(cameTo(path)).toEqual([])
  app.clock.offsetMs += 2 * 60_000
  await deliverWebhooks(app.root)
  expect(cameTo(path).toSorted()).toEqual(events)
})

test('a receiver that hangs holds up no other, and has few of its deliveries under way', async () => {
  const slow = await create(only)
  const quick = await create(only)
  receiver.answers.set(slow.path, 'nothing')
  const sender = webhookSender(app.root)
  const events: string[] = []
  for (let n = 0; n < 12; n++) events.push(await happen(null))
  await sealAll(app.root)
  await sender.tick()
  await until(async () => at(slow.path).length === 5, 'five under way')
  // The other one is given more meanwhile, in turns of five.
  for (let n = 0; n < 8; n++) {
    // A delivery that has arrived may not be written down yet, and takes up its place in the turn until it is.
    const due = Math.min(12, 5 * (n + 1))
    await until(async () => (await sender.tick(), cameTo(quick.path).length >= due), 'the other receiver')
    if (n === 2) events.push(await happen(null))
    await sealAll(app.root)
  }
  await until(async () => (await sender.tick(), cameTo(quick.path).length === 13), 'the event of meanwhile')
  expect(cameTo(quick.path).toSorted()).toEqual(events.toSorted())
  expect(at(slow.path)).toHaveLength(5)
  for (const response of receiver.hanging) response.destroy()
  await sender.settled()
  const broken = (await deliveriesOf(slow.id)).filter(({ attempts }) => attempts > 0)
  expect(broken.map(({ status }) => status)).toEqual([null, null, null, null, null])
  expect(broken[0]?.error).toBe('no connection (ECONNRESET)')
  // While it fails, one at a time is a trial.
  app.clock.offsetMs += 10 * 60_000
  await sender.tick()
  await until(async () => at(slow.path).length === 6, 'one more')
  await sender.tick()
  expect(at(slow.path)).toHaveLength(6)
  for (const response of receiver.hanging) response.destroy()
  await sender.settled()
})

test('a redirect into our own networks is not followed', async () => {
  const { id, path } = await create(only)
  receiver.answers.set(path, {
    status: 302,
    headers: { location: 'http://169.254.169.254/latest/meta-data/' },
  })
  await happen(null)
  await settled()
  expect((await deliveriesOf(id))[0]).toMatchObject({ state: 'waiting', status: 302, error: null })
})

test.each(['https://169.254.169.254/', 'https://[::1]/', 'https://10.0.0.1/', 'http://192.0.2.1/'])(
  'nothing is sent to %s',
  async (url) => {
    const { id } = await create({ ...only, url })
    await happen(null)
    await settled()
    const [tried] = await deliveriesOf(id)
    expect(tried).toMatchObject({ attempts: 1, status: null, state: 'waiting' })
    expect(tried?.error).toContain('not on the public internet')
  },
)

test('a tenant’s webhook is told of its own events only, without what jobs read back', async () => {
  const [own, other] = [await app.tenant(), await app.tenant()]
  const owner = await roleKey(app, 'TENANT_OWNER', own)
  const { path } = await create({ tenantId: own }, owner)
  const all = await create()
  await happen(other)
  await happen(null)
  const mine = [await happen(own), await happen(own, { jobId: newId() })]
  await settled()
  expect(cameTo(path).toSorted()).toEqual(mine.toSorted())
  for (const { event } of at(path)) expect(event.tenantId).toBe(own)
  const details = (where: string) =>
    at(where).filter(({ event }) => event.id === mine[1])[0]?.event.data['details']
  expect(details(path)).toBeNull()
  expect(details(all.path)).toEqual({ raw: 'pve1 said so' })
})

test('a tenant is not shown what a machine in our own networks has answered', async () => {
  const own = await app.tenant()
  const owner = await roleKey(app, 'TENANT_OWNER', own)
  const { path, id } = await create({ ...only, tenantId: own }, owner)
  receiver.answers.set(path, { status: 200, body: 'what stands inside' })
  await happen(own)
  await settled()
  expect((await deliveriesOf(id))[0]).toMatchObject({ state: 'delivered', status: 200, answer: null })
})

test('nobody sees, tests or replays what is another tenant’s', async () => {
  const [own, other] = [await app.tenant(), await app.tenant()]
  const stranger = await roleKey(app, 'TENANT_OWNER', other)
  const { id } = await create({ tenantId: own })
  const { body: delivery } = await admin.post<AuditWebhookDelivery>(`${WEBHOOKS}/${id}/test`, {})
  for (const path of [
    `${WEBHOOKS}/${id}/test`,
    `${WEBHOOKS}/${id}/secret`,
    `${DELIVERIES}/${delivery.id}/replay`,
  ])
    expect((await stranger.post(path, {})).status).toBe(404)
  expect((await stranger.get(`${WEBHOOKS}/${id}`)).status).toBe(404)
  expect((await stranger.get<{ items: unknown[] }>(`${DELIVERIES}?webhookId=${id}`)).body.items).toEqual([])
})

test('what is on its way is not replayed, nor anything of a disabled webhook', async () => {
  const { id, path } = await create(only)
  receiver.answers.set(path, 'nothing')
  await happen(null)
  await sealAll(app.root)
  const sender = webhookSender(app.root)
  await sender.tick()
  await until(async () => at(path).length === 1, 'the delivery under way')
  const [delivery] = await deliveriesOf(id)
  const replay = () => admin.post<{ code: string }>(`${DELIVERIES}/${delivery?.id}/replay`, {})
  expect((await replay()).body.code).toBe('invalid_state')
  for (const response of receiver.hanging) response.destroy()
  await sender.settled()
  await admin.call('PATCH', `${WEBHOOKS}/${id}`, { state: 'disabled' })
  expect((await replay()).body.code).toBe('invalid_state')
  const since = '2026-01-01T00:00:00Z'
  expect((await admin.post<{ code: string }>(`${WEBHOOKS}/${id}/replay`, { since })).body.code).toBe(
    'invalid_state',
  )
  expect(await read(id)).toMatchObject({ disabledBecause: 'asked' })
})

test('an answer counts by its status, however long it is', async () => {
  const { id, path } = await create(only)
  receiver.answers.set(path, { status: 200, body: 'x'.repeat(5_000_000) })
  await happen(null)
  await settled()
  const [delivery] = await deliveriesOf(id)
  expect(delivery).toMatchObject({ state: 'delivered', status: 200 })
  expect(delivery?.answer).toHaveLength(1_000)
})

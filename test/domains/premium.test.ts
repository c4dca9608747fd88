import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DomainOperation, DomainOrdered, DomainSearch } from '../../shared/api/domainRegistrations.ts'
import type { Registrar } from '../../shared/api/domainRegistrars.ts'
import * as registry from '../../sim/registry/domains.ts'
import type { RegistrySim } from '../../sim/registry/server.ts'
import * as transfers from '../../sim/registry/transfers.ts'
import { accountOf } from '../../sim/registry/world.ts'
import * as registrations from '../../src/services/domainRegistrationService.ts'
import { good } from '../rules/pods.ts'
import { finished, until, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import {
  compared,
  DOMAINS,
  freshName,
  payFor,
  registerBody,
  registrationOf,
  settledAs,
  startRegistryApp,
} from '../support/registry.ts'

let app: TestApp
let sim: RegistrySim
let tenantId: string
beforeAll(async () => {
  ;({ app, sim, tenantId } = await startRegistryApp())
  // Premium names are expensive.
  sim.balance('mpanel', 100_000_000)
})
afterAll(() => app.close())

const PRICES = { createMinor: 250_000, renewMinor: 120_000, transferMinor: 110_000, restoreMinor: 130_000 }
const premiumName = (more: Partial<typeof PRICES> = {}): string => {
  const name = freshName()
  sim.world.premium[name] = { ...PRICES, ...more }
  return name
}
const search = async (name: string, currency = 'USD') => {
  const found = await good(
    app.admin.get<DomainSearch>(`${DOMAINS}/search?words=${name}&currency=${currency}`),
  )
  return found.items.find((one) => one.name === name)
}
const call = (method: string, path: string, body: unknown = {}) =>
  app.admin.call<DomainOrdered & { code: string; detail: string; details: unknown }>(
    method,
    `${DOMAINS}/${path}`,
    body,
  )
const bodyOf = (name: string) => registerBody(app, tenantId, name, 'USD')
const usd = (amount: number) => ({ amount: String(amount), currency: 'USD' })
const paid = () => accountOf(sim.world, 'mpanel').balanceMinor
const quiet = (id: string, registration: string) => settledAs(app, id, registration)
const lastOf = async (id: string): Promise<DomainOperation | undefined> =>
  (await app.admin.get<{ items: DomainOperation[] }>(`${DOMAINS}/${id}/timeline`)).body.items[0]
const sync = (id: string): Promise<void> => compared(app, tenantId, id)

async function owned(more: Partial<typeof PRICES> = {}): Promise<DomainOrdered> {
  const name = premiumName(more)
  await search(name)
  const body = { ...(await bodyOf(name)), agreedMinor: '300000' }
  const order = await good(app.admin.post<DomainOrdered>(`${DOMAINS}/register`, body))
  await payFor(app, order)
  await quiet(order.domain.id, 'active')
  return order
}

test('a premium name is shown with the price of its registry and the margin, where it is sold', async () => {
  const name = premiumName()
  expect(await search(name)).toMatchObject({
    available: true,
    premium: true,
    reason: null,
    price: usd(300_000),
    renewal: usd(144_000),
    transfer: usd(132_000),
    restore: usd(156_000),
  })
  expect(await search(name, 'EUR')).toMatchObject({
    premium: true,
    price: null,
    renewal: null,
    reason: expect.stringContaining('USD'),
  })
  const [registrar] = (await app.admin.get<{ items: Registrar[] }>('/api/admin/domains/registrars')).body
    .items
  const set = (premiumMarginPercent: number | null) =>
    good(app.admin.call('PATCH', `/api/admin/domains/registrars/${registrar?.id}`, { premiumMarginPercent }))
  await set(null)
  expect(await search(name)).toMatchObject({ price: null, reason: expect.stringContaining('offer') })
  expect(await call('POST', 'register', { ...(await bodyOf(name)), agreedMinor: '300000' })).toMatchObject({
    status: 409,
    body: { code: 'price_changed' },
  })
  await set(20)
})

test('the price that was shown is invoiced, sent to the registry and taken by it', async () => {
  const name = premiumName()
  const body = await bodyOf(name)
  await search(name)
  for (const agreedMinor of [undefined, '299999', '1200'])
    expect(await call('POST', 'register', { ...body, agreedMinor })).toMatchObject({
      status: 409,
      body: { code: 'price_changed', details: { price: usd(300_000) } },
    })
  expect(await call('POST', 'register', { ...body, agreedMinor: '300000', years: 2 })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'years' }] },
  })
  const order = await good(
    app.admin.post<DomainOrdered>(`${DOMAINS}/register`, { ...body, agreedMinor: '300000' }),
  )
  expect(order.operation).toMatchObject({
    price: usd(300_000),
    words: `Registration of the premium name ${name}, 1 year`,
  })
  const before = paid()
  await payFor(app, order)
  expect(await quiet(order.domain.id, 'active')).toMatchObject({
    premium: true,
    renewal: usd(144_000),
    renewalSeen: usd(144_000),
    restore: usd(156_000),
  })
  expect(before - paid()).toBe(250_000)
  // What is shown for a name at the usual price is agreed to as well.
  const plain = await bodyOf(freshName())
  expect(await call('POST', 'register', { ...plain, agreedMinor: '1' })).toMatchObject({
    body: { code: 'price_changed', details: { price: usd(1_200) } },
  })
  expect((await call('POST', 'register', { ...plain, agreedMinor: '1200' })).status).toBe(202)
})

test('when the registry asks for another price than was agreed to, nothing is bought and all is paid back', async () => {
  for (const createMinor of [260_000, 240_000]) {
    const name = premiumName()
    const body = await bodyOf(name)
    const agreedMinor = (await search(name))?.price?.amount
    const order = await good(app.admin.post<DomainOrdered>(`${DOMAINS}/register`, { ...body, agreedMinor }))
    sim.world.premium[name] = { ...PRICES, createMinor }
    const before = paid()
    await payFor(app, order)
    await quiet(order.domain.id, 'registration_failed')
    expect(paid()).toBe(before)
    expect(registry.find(sim.world, name)).toBeUndefined()
    expect(await lastOf(order.domain.id)).toMatchObject({
      state: 'rejected',
      message: expect.stringContaining(`${createMinor / 100}.00 USD at the registry now`),
    })
    const [row] = await rowsOf<{ code: string; open: number }>(
      app,
      sql`select o.error_code as code, (i.total_minor - i.credited_minor)::int as open
        from domain_operations o join invoices i on i.id = o.invoice_id where o.id = ${order.operation.id}`,
    )
    expect(row).toEqual({ code: 'price_changed', open: 0 })
    // The next order needs another look at the price.
    expect(await call('POST', 'register', { ...body, agreedMinor })).toMatchObject({
      body: { code: 'price_changed' },
    })
  }
})

test('a name that nobody has shown to be premium is not bought as if it were none', async () => {
  const name = premiumName()
  const order = await good(app.admin.post<DomainOrdered>(`${DOMAINS}/register`, await bodyOf(name)))
  const before = paid()
  await payFor(app, order)
  await quiet(order.domain.id, 'registration_failed')
  expect(paid()).toBe(before)
  expect((await lastOf(order.domain.id))?.message).toContain('premium name')
})

test('a premium name is renewed and restored at its own price, when that was agreed to', async () => {
  const { domain } = await owned()
  expect(await call('POST', `${domain.id}/renew`, { years: 1 })).toMatchObject({
    status: 409,
    body: { code: 'price_changed', details: { price: usd(144_000) } },
  })
  const renewal = await call('POST', `${domain.id}/renew`, { years: 1, agreedMinor: '144000' })
  expect(renewal.body.operation.price).toEqual(usd(144_000))
  const before = paid()
  await payFor(app, renewal.body)
  await quiet(domain.id, 'active')
  expect(before - paid()).toBe(120_000)
  registry.existing(sim.world, domain.name).refundable = []
  const removed = await call('DELETE', `${domain.id}/registration`)
  await finished(app.admin, removed.body.job?.id ?? '')
  expect(await call('POST', `${domain.id}/restore`)).toMatchObject({ body: { code: 'price_changed' } })
  const restore = await call('POST', `${domain.id}/restore`, { agreedMinor: '156000' })
  const held = paid()
  await payFor(app, restore.body)
  await quiet(domain.id, 'active')
  expect(held - paid()).toBe(130_000)
})

test('a premium name comes from another registrar at its own price', async () => {
  const name = premiumName()
  const { years: _years, nameservers: _servers, ...body } = await bodyOf(name)
  const theirs = { name, years: 1, hosts: [], registrant: null, contacts: [], ds: [], clTRID: '' }
  registry.create(
    sim.world,
    { account: 'other', now: sim.now() },
    { ...theirs, authCode: 'Right-Code-1', fee: { minor: 250_000, currency: 'USD' } },
  )
  sim.balance('other', 1_000_000)
  expect(await search(name)).toMatchObject({ available: false, transfer: usd(132_000) })
  const asked = { ...body, authCode: 'Right-Code-1' }
  expect(await call('POST', 'transfer', asked)).toMatchObject({ body: { code: 'price_changed' } })
  const order = await good(
    app.admin.post<DomainOrdered>(`${DOMAINS}/transfer`, { ...asked, agreedMinor: '132000' }),
  )
  const before = paid()
  await payFor(app, order)
  await until(
    async () => (await registrationOf(app, order.domain.id)).operation?.state === 'pending_registry',
    'the transfer to be pending',
  )
  transfers.answerTransfer(sim.world, { account: 'other', now: sim.now() }, name, 'approve')
  await registrations.pollAll(app.root)
  expect(await quiet(order.domain.id, 'active')).toMatchObject({ premium: true, renewalSeen: usd(144_000) })
  expect(before - paid()).toBe(110_000)
})

test('a premium name is renewed by itself for no more than was seen, and somebody is told when it costs more', async () => {
  const { domain } = await owned()
  const ahead = async (days: number) => {
    app.clock.offsetMs = days * 86_400_000
    await registrations.renewDue(app.root)
    app.clock.offsetMs = 0
  }
  sim.world.premium[domain.name] = { ...PRICES, renewMinor: 150_000 }
  await sync(domain.id)
  expect(await registrationOf(app, domain.id)).toMatchObject({
    renewal: usd(180_000),
    renewalSeen: usd(144_000),
  })
  await ahead(340)
  expect(await lastOf(domain.id)).toMatchObject({ kind: 'register' })
  const told = await rowsOf<{ reason: string }>(
    app,
    sql`select details->>'reason' as reason from audit_events where action = 'DOMAIN_RENEWAL_NOT_ORDERED'
      and target_id = ${domain.id}`,
  )
  expect(told).toEqual([{ reason: expect.stringContaining('renewing') }])
  // It has become cheaper again, and is ordered at what it costs now.
  sim.world.premium[domain.name] = { ...PRICES, renewMinor: 100_000 }
  await sync(domain.id)
  await ahead(352)
  expect(await lastOf(domain.id)).toMatchObject({
    kind: 'renew',
    state: 'awaiting_payment',
    price: usd(120_000),
  })
})

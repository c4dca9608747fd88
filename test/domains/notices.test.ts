import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Registrar } from '../../shared/api/domainRegistrars.ts'
import * as registry from '../../sim/registry/domains.ts'
import * as transfers from '../../sim/registry/transfers.ts'
import type { RegistrySim } from '../../sim/registry/server.ts'
import * as settings from '../../src/db/tenantSettings.ts'
import { registrarPoll } from '../../src/services/domainQueues.ts'
import * as registrations from '../../src/services/domainRegistrationService.ts'
import * as mailNoticeService from '../../src/services/mailNoticeService.ts'
import { good } from '../rules/pods.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { mailsOf } from '../support/mails.ts'
import { DOMAINS, orderIn, payFor, registrationOf, registryOf, settledAs } from '../support/registry.ts'

const DAY_MS = 86_400_000

let app: TestApp
let sim: RegistrySim
beforeAll(async () => {
  app = await startApp({ blueprints: false })
  sim = await registryOf(app)
})
afterAll(() => app.close())

/** A registered domain of a new tenant, whose customer is Ada and whose only operator is its owner. */
async function domain({ autoRenew = true, owner = true } = {}) {
  const tenantId = await app.tenant()
  if (owner) await app.login('TENANT_OWNER', tenantId)
  await app.login('TENANT_USER', tenantId)
  const order = await orderIn(app, tenantId)
  const { id, name } = order.domain
  await payFor(app, order)
  const { expiresAt } = await settledAs(app, id, 'active')
  if (!autoRenew) await good(app.admin.call('PUT', `${DOMAINS}/${id}/auto-renew`, { autoRenew }))
  const mails = async () => (await mailsOf(app, tenantId)).filter(({ text }) => text.includes(name))
  return {
    id,
    name,
    tenantId,
    mails,
    day: (expiresAt ?? '').slice(0, 10),
    expiresMs: Date.parse(expiresAt ?? ''),
  }
}
type Expires = { expiresMs: number }

/** Does something so many days before an expiry. */
async function before<T>({ expiresMs }: Expires, days: number, work: () => Promise<T>): Promise<T> {
  app.clock.offsetMs = expiresMs - days * DAY_MS - Date.now()
  try {
    return await work()
  } finally {
    app.clock.offsetMs = 0
  }
}
const tell = (of: Expires, days: number) => before(of, days, () => registrations.tellExpiring(app.root))

test('a domain that is not renewed by itself is told of on the nearest day that has come, once, to its customer and to the operators', async () => {
  const of = await domain({ autoRenew: false })
  await tell(of, 31)
  expect(await of.mails()).toEqual([])
  await tell(of, 29.9)
  await tell(of, 20)
  const told = await of.mails()
  expect(told).toMatchObject([
    {
      to: 'ada@example.com',
      template: 'domainExpires',
      text: expect.stringContaining(`expires on ${of.day}`),
    },
    { to: expect.stringContaining('tenant_owner-'), text: expect.stringContaining('not renewed by itself') },
  ])
  // Nobody looked for a fortnight: what was missed meanwhile is not told any more.
  await tell(of, 1.5)
  await tell(of, 1.4)
  expect((await of.mails()).slice(told.length)).toHaveLength(2)
  await tell(of, -0.1)
  expect(await of.mails()).toHaveLength(4)
})

test('what two tell at the same time is told once, and what was rolled back is told again', async () => {
  const of = await domain({ autoRenew: false })
  await before(of, 6.5, () =>
    Promise.all([registrations.tellExpiring(app.root), registrations.tellExpiring(app.root)]),
  )
  expect(await of.mails()).toHaveLength(2)
  const event = { kind: 'domain_expiry', tenantId: of.tenantId, subjectId: of.id, event: 'x' } as const
  const crashed = app.as(async (ctx) => {
    expect(await mailNoticeService.claim(ctx, event)).toBe(true)
    throw new Error('crashed')
  })
  await expect(crashed).rejects.toThrow('crashed')
  const claims = await Promise.all(
    Array.from({ length: 5 }, () => app.as((ctx) => mailNoticeService.claim(ctx, event))),
  )
  expect(claims.filter(Boolean)).toHaveLength(1)
})

test('what was renewed or has gone to others is not told of any more', async () => {
  const renewed = await domain({ autoRenew: false })
  const gone = await domain({ autoRenew: false })
  for (const of of [renewed, gone]) await tell(of, 29)
  const ours = { account: 'mpanel', now: sim.now() }
  registry.renew(sim.world, ours, renewed.name, renewed.day, 1)
  sim.askAway(gone.name)
  transfers.answerTransfer(sim.world, ours, gone.name, 'approve')
  await registrations.pollAll(app.root)
  await until(
    async () => (await registrationOf(app, gone.id)).registration === 'transferred_out',
    'the transfer',
  )
  await app.as(({ tx }) =>
    tx.updateTable('domains').set({ synced_at: null }).where('id', '=', renewed.id).execute(),
  )
  await registrations.syncDue(app.root)
  await until(
    async () => !(await registrationOf(app, renewed.id)).expiresAt?.startsWith(renewed.day),
    'the renewal',
  )
  for (const of of [renewed, gone]) await tell(of, 6)
  expect([await renewed.mails(), await gone.mails()]).toMatchObject([{ length: 2 }, { length: 2 }])
})

test('a renewal that waits for its payment is told of with its invoice', async () => {
  const of = await domain()
  await tell(of, 29.99)
  // Until it was tried nothing is wrong.
  expect(await of.mails()).toEqual([])
  await before(of, 29, () => registrations.renewDue(app.root))
  await tell(of, 28.9)
  expect(await of.mails()).toMatchObject([
    { to: 'ada@example.com', text: expect.stringContaining('when the invoice is paid'), hasInvoice: true },
    { to: expect.stringContaining('tenant_owner-'), text: expect.stringContaining('is not paid') },
  ])
})

test('a renewal that the registry refuses is told to the operators at once with its reason, and to the customer as what is not done yet', async () => {
  const of = await domain()
  await app.as((ctx) => settings.write(ctx.tx, of.tenantId, 'domains.startOn', 'order', ctx.now()))
  sim.fault({ verb: 'renew', object: 'domain', code: 2304 })
  await before(of, 29, async () => {
    await registrations.renewDue(app.root)
    await until(async () => (await of.mails()).length > 0, 'the refusal')
    await registrations.tellExpiring(app.root)
  })
  expect(await of.mails()).toMatchObject([
    { to: expect.stringContaining('tenant_owner-'), template: 'domainRenewalFailed' },
    { to: 'ada@example.com', text: expect.stringContaining('could not be renewed yet') },
  ])
})

test('a renewal that could not be ordered is told to who runs the platform where a tenant has no operators', async () => {
  const of = await domain({ owner: false })
  await app.as(({ tx }) =>
    tx.updateTable('customers').set({ currency: 'JPY' }).where('tenant_id', '=', of.tenantId).execute(),
  )
  await before(of, 29, () => registrations.renewDue(app.root))
  await tell(of, 28.9)
  expect(await of.mails()).toMatchObject([
    {
      to: 'admin@example.com',
      template: 'domainRenewalFailed',
      text: expect.stringContaining('no price in JPY'),
    },
    { to: 'ada@example.com' },
  ])
})

test('a balance that has become low is told once to who runs the platform, and again after it was filled', async () => {
  const path = `${DOMAINS}/registrars`
  const [account] = (await good(app.admin.get<{ items: Registrar[] }>(path))).items
  const one = `${path}/${account?.id}`
  expect(await app.admin.call('PATCH', one, { lowBalanceMinor: '-5' })).toMatchObject({ status: 422 })
  await good(app.admin.call('PATCH', one, { lowBalanceMinor: '10000' }))
  const told = async () =>
    (await mailsOf(app, null)).filter(({ template }) => template === 'registrarBalanceLow')
  const balance = async (minor: number) => {
    sim.balance('mpanel', minor)
    await registrations.pollAll(app.root)
    await until(async () => {
      const { body } = await app.admin.get<Registrar>(one)
      const waiting = await rowsOf(
        app,
        sql`select from provisioning_jobs_live where kind = ${registrarPoll.kind} and state not in ('succeeded', 'failed', 'cancelled')`,
      )
      return body.balance?.amount === String(minor) && waiting.length === 0
    }, 'the balance')
    return (await app.admin.get<Registrar>(one)).body
  }
  await balance(10_000)
  expect(await told()).toEqual([])
  expect((await balance(9_999)).balanceLowAt).not.toBeNull()
  await balance(5_000)
  expect(await told()).toMatchObject([
    { to: 'admin@example.com', text: expect.stringMatching(/99\.99 USD are left.*less than 100\.00 USD/) },
  ])
  expect((await balance(1_000_000)).balanceLowAt).toBeNull()
  await balance(1)
  expect(await told()).toHaveLength(2)
  // What the registry itself calls low is low as well.
  await good(app.admin.call('PATCH', one, { lowBalanceMinor: null }))
  expect((await balance(2)).balanceLowAt).not.toBeNull()
  expect((await balance(10_000)).balanceLowAt).toBeNull()
})

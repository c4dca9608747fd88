import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BillingProvider, BillingProviderCheck } from '../../shared/api/billingPayments.ts'
import type {
  BillingRecordInvoice,
  BillingRecordRun,
  BillingRecordService,
} from '../../shared/api/billingRecords.ts'
import type { WhmcsSim } from '../../sim/whmcs/server.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import * as recordService from '../../src/services/billingRecordService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { openInvoice, settleBilling, triedOf } from '../support/stripe.ts'
import { clientIn, HOOK_SECRET, inWhmcs, whmcsFor, whmcsOf } from '../support/whmcs.ts'
import { planOf } from './planWorld.ts'
import { books, deliver, makeRoom, order, orderAs, payment, shop } from './world.ts'

let app: TestApp
let sim: WhmcsSim
beforeAll(async () => {
  app = await startApp({ worker: false })
  sim = await whmcsOf(app)
  await makeRoom(app)
})
afterAll(async () => {
  await sim.close()
  await app.close()
})

const PROVIDERS = '/api/admin/billing/providers'
const INVOICES = '/api/admin/billing/invoices'
type Refused = { code: string; detail: string }
type Items<T> = { items: T[] }

async function customerOf(
  tenantId: string,
  email = `c${Math.floor(performance.now() * 1e3)}@example.com`,
): Promise<string> {
  const customer = { tenantId, name: 'Ada Lovelace', email, country: 'IT', currency: 'EUR' }
  return (await app.admin.post<{ id: string }>('/api/admin/customers', customer)).body.id
}

/** Sends what has been kept back since then. */
async function tell(from: number): Promise<(number | null)[]> {
  const statuses: (number | null)[] = []
  for (const hook of sim.hooks.fired.slice(from)) statuses.push(await sim.hooks.send(hook))
  await settleBilling(app)
  return statuses
}

async function run(providerId: string, mode: 'check' | 'take'): Promise<BillingRecordRun> {
  const started = await app.admin.post<{ run: BillingRecordRun }>(`${PROVIDERS}/${providerId}/record-runs`, {
    mode,
  })
  expect(started.status).toBe(202)
  await settleBilling(app)
  const { body } = await app.admin.get<Items<BillingRecordRun>>(
    `/api/admin/billing/record-runs?providerId=${providerId}`,
  )
  const found = body.items.find(({ id }) => id === started.body.run.id)
  const jobs = await rowsOf(
    app,
    sql`select state, error from provisioning_jobs where payload ->> 'runId' = ${started.body.run.id}`,
  )
  if (found?.state !== 'done') throw new Error(JSON.stringify({ found, jobs }))
  return found
}

/** Lets the automation go on as if so many months had passed; who is logged in stays so. */
async function passMonths(until: number): Promise<void> {
  for (let month = 1; month <= until; month++) {
    app.clock.offsetMs = month * 31 * 86_400_000
    await BillingService.runContracts(app.root)
  }
  app.clock.offsetMs = 0
}

const recordsOf = async (providerId: string) => ({
  invoices: (
    await app.admin.get<Items<BillingRecordInvoice>>(
      `/api/admin/billing/record-invoices?providerId=${providerId}`,
    )
  ).body.items,
  services: (
    await app.admin.get<Items<BillingRecordService>>(
      `/api/admin/billing/record-services?providerId=${providerId}`,
    )
  ).body.items,
})

test('a WHMCS is tried before it is used, its secrets are never shown, and it charges nothing where its own invoices count', async () => {
  const { url, identifier, secret } = sim
  const typed = await app.admin.post<BillingProviderCheck>(`${PROVIDERS}/check`, {
    url: `${url}/`,
    identifier,
    secret,
  })
  expect(typed.body).toEqual({ problems: [], account: new URL(url).host, live: true })
  const wrong = await app.admin.post<BillingProviderCheck>(`${PROVIDERS}/check`, {
    url,
    identifier,
    secret: 'wrong',
  })
  expect(wrong.body.problems).toEqual([expect.stringContaining('does not take the identifier')])
  const tenantId = await app.tenant()
  const provider = await whmcsFor(app, tenantId)
  expect(JSON.stringify(provider)).not.toContain(secret)
  expect(provider).toMatchObject({
    kind: 'whmcs',
    url,
    authority: 'mpanel',
    live: true,
    webhookUrl: expect.stringContaining('/api/webhooks/whmcs?provider=') as string,
  })
  const change = (body: object) =>
    app.admin.call<Refused & BillingProvider>('PATCH', `${PROVIDERS}/${provider.id}`, body)
  expect((await change({ chargesAutomatically: true })).body.chargesAutomatically).toBe(true)
  expect((await change({ authority: 'provider' })).body.code).toBe('invalid_input')
  expect((await change({ authority: 'provider', chargesAutomatically: false })).body.authority).toBe(
    'provider',
  )
  expect((await change({ key: 'sk_test_0123' })).body.code).toBe('invalid_input')
  expect((await change({ whmcs: { identifier, secret: 'new' } })).status).toBe(200)
  expect(
    (await app.admin.post<BillingProviderCheck>(`${PROVIDERS}/${provider.id}/check`, {})).body.problems,
  ).toHaveLength(1)
  expect(
    (await app.admin.post<Refused>(PROVIDERS, { kind: 'whmcs', tenantId: null, url, identifier, secret }))
      .status,
  ).toBe(422)
  expect((await app.admin.call('DELETE', `${PROVIDERS}/${provider.id}`)).status).toBe(204)
})

test('an invoice of mPanel is paid in WHMCS once, by a link or a card, and what is given back there is noticed', async () => {
  const tenantId = await app.tenant()
  const provider = await whmcsFor(app, tenantId)
  const customerId = await customerOf(tenantId)
  const [linked, charged] = [
    await openInvoice(app, tenantId, customerId),
    await openInvoice(app, tenantId, customerId),
  ]
  const from = sim.hooks.fired.length
  // The answer to the first order of a page is lost: it is looked for, and not made twice.
  sim.fault({ action: 'CreateInvoice', lost: 'after' })
  await app.admin.post(`${INVOICES}/${linked}/pay-link`, { mail: false })
  await settleBilling(app)
  const [attempt] = (await triedOf(app, linked)).attempts
  expect(attempt).toMatchObject({
    state: 'needs_action',
    url: expect.stringContaining('/viewinvoice.php?id=') as string,
  })
  const there = [...sim.world.invoices.values()].filter(({ notes }) => notes.includes(attempt?.id ?? '?'))
  expect(there).toHaveLength(1)
  const id = there[0]?.id ?? 0
  sim.pay(id, 499)
  expect(await tell(from)).not.toContain(400)
  await tell(from)
  expect((await triedOf(app, linked)).payments).toMatchObject([
    { provider: 'whmcs', amount: { amount: '499' } },
  ])
  // A card that was left there; it takes the money itself.
  const clientId = there[0]?.clientid ?? 0
  sim.card(clientId)
  await app.admin.post(`/api/admin/customers/${customerId}/payment-methods/look`, {})
  await settleBilling(app)
  await app.admin.post(`${INVOICES}/${charged}/charge`, {})
  await settleBilling(app)
  expect((await triedOf(app, charged)).payments).toMatchObject([{ amount: { amount: '499' } }])
  await inWhmcs(sim, 'AddTransaction', {
    paymentmethod: 'bank',
    userid: String(clientId),
    invoiceid: String(id),
    transid: 'back',
    amountout: '2.00',
  })
  sim.hooks.emit('InvoiceRefunded', { invoice: id })
  await tell(from)
  const [paid] = (await triedOf(app, linked)).payments
  expect(paid?.refunds).toMatchObject([{ state: 'succeeded', amount: { amount: '200' } }])
  const asked = await app.admin.post<{ job: { id: string } }>(
    `/api/admin/billing/payments/${paid?.id}/refund`,
    { reason: 'asked for' },
  )
  await settleBilling(app)
  expect(asked.status).toBe(202)
  expect(
    (await triedOf(app, linked)).payments[0]?.refunds.find(({ state }) => state === 'failed')?.problem,
  ).toContain('refund it there')
  const found = await app.as((ctx) => books(ctx, tenantId))
  expect(found).toMatchObject({ unbalanced: [], gaps: [], cash: 499n + 499n - 200n })
  // What WHMCS makes itself is no payment of ours, and no record either while our invoices count.
  const before = sim.hooks.fired.length
  await inWhmcs(sim, 'CreateInvoice', {
    userid: String(clientId),
    itemdescription1: 'own',
    itemamount1: '9.00',
  })
  await tell(before)
  expect((await app.admin.get<BillingProvider>(`${PROVIDERS}/${provider.id}`)).body.parked).toBeGreaterThan(0)
  expect(await recordsOf(provider.id)).toEqual({ invoices: [], services: [] })
})

test('an import shows first what it would do, does it once, keeps what mPanel has, and both sides come to the same', async () => {
  for (const one of ['clients', 'services', 'invoices', 'orders', 'transactions'] as const)
    sim.world[one].clear()
  sim.dial.maxLimit = 4
  const tenantId = await app.tenant()
  const known = await customerOf(tenantId, 'known@example.com')
  for (const _ of [1, 2]) await customerOf(tenantId, 'twice@example.com')
  clientIn(sim, { name: 'Other Name', email: 'Known@example.com' })
  clientIn(sim, { email: 'twice@example.com' })
  clientIn(sim, { email: 'no address' })
  for (let at = 0; at < 7; at++) {
    const clientid = String(
      clientIn(sim, {
        name: `O'Neil & ${at}`,
        currency: at % 3 === 0 ? 2 : 1,
        company: at === 1 ? 'Ä & Sons' : '',
      }),
    )
    const made = await inWhmcs(sim, 'AddOrder', { clientid, 'pid[0]': '1' })
    await inWhmcs(sim, 'AcceptOrder', { orderid: String(made['orderid']) })
    if (at % 2 === 0) sim.pay(Number(made['invoiceid']), at % 3 === 0 ? 1495 : 1295)
  }
  const provider = await whmcsFor(app, tenantId)
  const count = async () => {
    const [row] = await rowsOf(
      app,
      sql<{
        n: number
      }>`select (select count(*) from customers where tenant_id = ${tenantId})::int + (select count(*)
        from billing_customers where tenant_id = ${tenantId})::int as n`,
    )
    return row?.n
  }
  const before = await count()
  const calls = sim.calls.length
  const checked = await run(provider.id, 'check')
  expect(checked).toMatchObject({
    state: 'done',
    mode: 'check',
    report: {
      counts: { clients: { new: 8, aside: 2 }, services: { new: 7 }, invoices: { new: 7 } },
      here: {},
      clean: true,
    },
  })
  expect(checked.report?.words).toEqual([
    expect.stringContaining('is joined with the customer'),
    expect.stringContaining('several customers'),
    expect.stringContaining('does not take email'),
  ])
  expect(await count()).toBe(before)
  expect(await recordsOf(provider.id)).toEqual({ invoices: [], services: [] })
  const taken = await run(provider.id, 'take')
  expect(taken.report).toMatchObject({ counts: checked.report?.counts, clean: true, gone: 0 })
  expect(taken.report?.here).toEqual(taken.report?.there)
  expect(taken.report?.there).toEqual({
    EUR: { invoiced: String(4 * 1295), paid: String(2 * 1295), recurring: String(4 * 1295) },
    USD: { invoiced: String(3 * 1495), paid: String(2 * 1495), recurring: String(3 * 1495) },
  })
  // Once more: nothing is made, what mPanel has is not overwritten, and the difference is told.
  const again = await run(provider.id, 'take')
  expect(again.report).toMatchObject({
    counts: { clients: { same: 7, differs: 1, aside: 2 }, services: { same: 7 }, invoices: { same: 7 } },
    here: taken.report?.here,
  })
  expect(again.report?.words[0]).toContain('“Other Name” there and “Ada Lovelace” here')
  expect((await app.admin.get<{ name: string }>(`/api/admin/customers/${known}`)).body.name).toBe(
    'Ada Lovelace',
  )
  const [first] = (await recordsOf(provider.id)).services
  expect(first).toMatchObject({
    product: 'Cloud S',
    status: 'active',
    customer: { name: expect.stringContaining("O'Neil & ") as string },
  })
  // What is gone there is marked here, and kept; what has changed there is followed.
  const [gone, changed] = [...sim.world.invoices.values()].slice(-2)
  sim.world.invoices.delete(gone?.id ?? 0)
  await inWhmcs(sim, 'UpdateInvoice', { invoiceid: String(changed?.id), status: 'Cancelled' })
  const later = await run(provider.id, 'take')
  expect(later.report).toMatchObject({ gone: 1, counts: { invoices: { same: 5, changed: 1 } } })
  expect(later.report?.here).toEqual(later.report?.there)
  const { invoices } = await recordsOf(provider.id)
  expect(invoices.filter(({ goneAt }) => goneAt !== null)).toHaveLength(1)
  // Nothing was ever written there.
  const read = new Set(sim.calls.slice(calls).map(({ action }) => action))
  read.delete('UpdateInvoice')
  expect([...read].filter((action) => !action.startsWith('Get'))).toEqual([])
  sim.dial.maxLimit = 100
}, 60_000)

test('where the invoices of WHMCS count, mPanel issues none, follows theirs, and counts on when it is its turn again', async () => {
  const place = await shop(app)
  const { tenantId } = place
  const { subscription, invoice } = await app.as((ctx) => order(ctx, place))
  await app.as((ctx) =>
    BillingService.recordPayment(ctx, tenantId, invoice.id, payment(invoice.total.amount)),
  )
  await app.as((ctx) => deliver(ctx, tenantId, subscription.id))
  const provider = await whmcsFor(app, tenantId, { authority: 'provider' })
  const refused = app.as((ctx) => order(ctx, place))
  await expect(refused).rejects.toMatchObject({
    code: 'invalid_state',
    message: expect.stringContaining('WHMCS keeps the invoices') as string,
  })
  // Not even on trial, where nothing is issued with the order: what would be billed after it is ordered there.
  const tried = await planOf(app, place, [{ interval: 'month', unitMinor: '499', trialDays: 14 }])
  const { body: addon } = await app.admin.post<{ id: string }>('/api/admin/billing/addons', {
    tenantId,
    code: 'support',
    name: 'Support',
    prices: [{ currency: 'EUR', interval: 'month', unitMinor: '101' }],
  })
  const wish = {
    planId: tried.id,
    priceId: tried.prices[0]?.id ?? '',
    addons: [{ addonId: addon.id, quantity: 1 }],
  }
  await expect(app.as((ctx) => orderAs(ctx, place, wish))).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('WHMCS keeps the invoices') as string,
  })
  const issued = async () =>
    (
      await rowsOf(
        app,
        sql<{ n: number }>`select count(*)::int as n from invoices where tenant_id = ${tenantId}`,
      )
    )[0]?.n
  const there = sim.world.invoices.size
  const before = await issued()
  await passMonths(3)
  expect(await issued()).toBe(before)
  expect(sim.world.invoices.size).toBe(there)
  const [contract] = await rowsOf(
    app,
    sql<{
      periods_billed: number
      state: string
    }>`select periods_billed, state from subscriptions where id = ${subscription.id}`,
  )
  expect(contract).toMatchObject({ state: 'active' })
  expect(contract?.periods_billed).toBeGreaterThanOrEqual(4)
  // An invoice of theirs, of somebody who was no customer yet: three messages in any order, one of them twice.
  const from = sim.hooks.fired.length
  const clientid = clientIn(sim, { name: 'Grace Hopper' })
  const made = await inWhmcs(sim, 'AddOrder', { clientid: String(clientid), 'pid[0]': '1' })
  sim.pay(Number(made['invoiceid']), 1295)
  await inWhmcs(sim, 'UpdateClientProduct', {
    serviceid: String(made['serviceids']),
    domain: 'vm.example.com',
  })
  const fired = sim.hooks.fired.slice(from).toReversed()
  for (const hook of [...fired, ...fired.slice(0, 1)]) expect(await sim.hooks.send(hook)).toBe(200)
  await settleBilling(app)
  const kept = await recordsOf(provider.id)
  expect(kept.invoices).toMatchObject([
    {
      status: 'paid',
      total: { amount: '1295' },
      paid: { amount: '1295' },
      customer: { name: 'Grace Hopper' },
    },
  ])
  expect(kept.services).toMatchObject([{ name: 'vm.example.com', status: 'pending' }])
  expect(await issued()).toBe(before)
  // Each day all of it is read, for what was lost.
  await recordService.readDue(app.root)
  await settleBilling(app)
  const runs = await app.admin.get<Items<BillingRecordRun>>(
    `/api/admin/billing/record-runs?providerId=${provider.id}`,
  )
  expect(runs.body.items).toMatchObject([{ mode: 'take', state: 'done' }])
  await recordService.readDue(app.root)
  expect(
    (await app.admin.get<Items<BillingRecordRun>>(`/api/admin/billing/record-runs?providerId=${provider.id}`))
      .body.items,
  ).toHaveLength(1)
  // Its turn again: the next period that nobody has billed gets an invoice, and none before it.
  await app.admin.call('PATCH', `${PROVIDERS}/${provider.id}`, { authority: 'mpanel' })
  await passMonths(4)
  expect(await issued()).toBe((before ?? 0) + 1)
}, 60_000)

test('a message is taken only when it is signed for this provider, just now, and a reading is refused while one goes on', async () => {
  const tenantId = await app.tenant()
  const provider = await whmcsFor(app, tenantId)
  const hook = {
    id: 'x',
    event: 'InvoicePaid',
    at: Math.floor(app.root.now().getTime() / 1000),
    invoice: 999_999,
  }
  const stale = hook.at - 1_000
  expect([
    await sim.hooks.send(hook, { secret: 'other' }),
    await sim.hooks.send(hook, { at: stale }),
    await sim.hooks.send(hook),
  ]).toEqual([400, 400, 200])
  const other = await fetch(`${app.url}/api/webhooks/stripe?provider=${provider.id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  expect(other.status).toBe(400)
  await settleBilling(app)
  const path = `${PROVIDERS}/${provider.id}/record-runs`
  await app.admin.post(path, { mode: 'check' })
  expect((await app.admin.post<Refused>(path, { mode: 'take' })).body).toMatchObject({
    code: 'invalid_state',
    detail: expect.stringContaining('being read') as string,
  })
  await settleBilling(app)
  const manual = await app.admin.post<BillingProvider>(PROVIDERS, {
    kind: 'manual',
    tenantId: await app.tenant(),
  })
  expect(
    (await app.admin.post<Refused>(`${PROVIDERS}/${manual.body.id}/record-runs`, { mode: 'take' })).body
      .detail,
  ).toContain('keeps no books')
})

const PHP = fileURLToPath(new URL('../../integrations-php/whmcs/', import.meta.url))
const HARNESS = fileURLToPath(new URL('../integrations/whmcsHooks.php', import.meta.url))

test('the hook file sends numbers only, signed as mPanel wants it, keeps what was not taken, and does nothing unless it is set up', async () => {
  const files = readdirSync(join(PHP, 'includes'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.php'),
  )
  for (const file of files) {
    const [code] = (await once(spawn('php', ['-l', join(PHP, 'includes', file)]), 'close')) as [number]
    expect(code, file).toBe(0)
  }
  const folder = mkdtempSync(join(tmpdir(), 'whmcs-'))
  for (const file of files) {
    mkdirSync(join(folder, 'includes', file, '..'), { recursive: true })
    copyFileSync(join(PHP, 'includes', file), join(folder, 'includes', file))
  }
  const fire = async (...events: [string, object][]) => {
    const child = spawn('php', ['-d', 'display_errors=stderr', HARNESS], { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.end(JSON.stringify({ folder, fire: events }))
    const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    if (errors !== '') throw new Error(errors)
    return JSON.parse(out) as { left: { body: string; tries: number }[]; logged: string[]; points: string[] }
  }
  expect(await fire(['InvoicePaid', { invoiceid: 1 }])).toEqual({ left: [], logged: [], points: [] })
  const tenantId = await app.tenant()
  const { id, webhookUrl } = await whmcsFor(app, tenantId)
  const url = `${app.url}${new URL(webhookUrl ?? '').pathname}?provider=${id}`
  const configure = (secret: string, to = url) =>
    writeFileSync(
      join(folder, 'includes/mpanel/config.php'),
      `<?php return ['url' => '${to}', 'secret' => '${secret}'];`,
    )
  configure(HOOK_SECRET)
  const events: [string, object][] = [
    ['ClientEdit', { userid: '7', password: 'canary', email: 'ada@example.com' }],
    ['InvoicePaid', { invoiceid: 12 }],
    ['AfterModuleSuspend', { params: { serviceid: 5, userid: 7, password: 'canary' } }],
    ['InvoicePaid', { nothing: 'of use' }],
  ]
  expect(await fire(...events)).toMatchObject({ left: [], logged: [] })
  const kept = await rowsOf(
    app,
    sql<{
      type: string
      target_kind: string
      target: string
      raw: Buffer
    }>`select type, target_kind, target, raw
    from billing_events where provider_id = ${id} order by id`,
  )
  expect(kept).toMatchObject([
    { type: 'ClientEdit', target_kind: 'client', target: '7' },
    { type: 'InvoicePaid', target_kind: 'invoice', target: expect.stringMatching(/\/12$/) as string },
    { type: 'AfterModuleSuspend', target_kind: 'service', target: '5' },
  ])
  expect(kept.map(({ raw }) => raw.toString()).join()).not.toContain('canary')
  configure('another-secret-of-24-chars')
  const refused = await fire(['InvoicePaid', { invoiceid: 12 }], ['InvoicePaid', { invoiceid: 13 }])
  expect(refused).toMatchObject({
    left: [{ tries: 1 }, { tries: 0 }],
    logged: ['mPanel hook: mPanel answered 400'],
  })
  rmSync(folder, { recursive: true })
  await settleBilling(app)
}, 30_000)

import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Setup } from '../../shared/api/dashboardSetup.ts'
import { newId } from '../../src/lib/ids.ts'
import { prepareOrder } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
})
afterAll(() => app?.close())

const SETUP = '/api/admin/setup'
const readSetup = async () => (await app.admin.get<Setup>(SETUP)).body
const stepStates = async () =>
  Object.fromEntries((await readSetup()).steps.map(({ step, state }) => [step, state]))

test('a new installation is told what is simulated and what is missing, and of each what was last seen', async () => {
  expect(await stepStates()).toMatchObject({
    cluster: 'simulated',
    dns: 'simulated',
    mail: 'simulated',
    payments: 'missing',
  })
  await app.as(({ tx }) =>
    sql`insert into clusters (id, name, api_url, token_id, token_secret_sealed, vmid_min, vmid_max, created_at)
      values (${newId()}, 'real', 'https://192.0.2.1:8006', 'a@pve!b', '', 100, 200, now())`.execute(tx),
  )
  const set = async (health: string, message: string | null) =>
    app.as(({ tx }) =>
      sql`update clusters set health = ${health}, health_message = ${message} where not simulated`.execute(
        tx,
      ),
    )
  // A real one counts before the simulated one, and not before it was seen to work.
  expect((await stepStates())['cluster']).toBe('unproven')
  await set('ok', null)
  expect((await stepStates())['cluster']).toBe('connected')
  await set('failing', 'No route to the host.')
  expect((await readSetup()).steps[0]).toMatchObject({
    state: 'failing',
    name: 'real',
    problem: 'No route to the host.',
  })
})

test('the guide asks who sells and by which rules, until invoices can be taxed', async () => {
  const company = async () => (await readSetup()).steps.find(({ step }) => step === 'company')
  const tenantId = await app.tenant()
  expect(await company()).toMatchObject({ state: 'missing', lacks: ['seller', 'rules'] })
  const said = await app.admin.call('PUT', `/api/admin/tenants/${tenantId}/tax-seller`, {
    legalName: 'Example Hosting GmbH',
    address: { line1: 'Musterstr. 1', city: 'Berlin' },
    country: 'DE',
    taxId: 'DE123456789',
  })
  expect(said.status).toBe(200)
  expect(await company()).toMatchObject({ id: tenantId, state: 'unproven', lacks: ['rules'] })
  const rule = await app.admin.post<{ id: string }>('/api/admin/billing/tax-rules', {
    destination: 'DE',
    category: 'S',
    ratePpm: 190_000,
    validFrom: '2020-01-01',
  })
  expect(rule.status).toBe(201)
  expect(await company()).toMatchObject({ id: tenantId, state: 'connected', lacks: [] })
  // One that issues invoices all the same comes before it.
  const other = await app.tenant()
  const order = await prepareOrder(app.admin, other)
  expect((await app.admin.post('/api/admin/billing/subscriptions', order)).status).toBe(201)
  expect(await company()).toMatchObject({ id: other, state: 'failing', lacks: ['seller'] })
})

test('the guide is taken off the dashboard for everybody, and brought back; both are in the audit log', async () => {
  for (const dismissed of [true, false]) {
    expect((await app.admin.call<Setup>('PUT', SETUP, { dismissed })).body.dismissed).toBe(dismissed)
    expect((await readSetup()).dismissed).toBe(dismissed)
  }
  const { body } = await app.admin.get<{ items: unknown[] }>(
    '/api/admin/audit/events?action=SETUP_GUIDE_CHANGED',
  )
  expect(body.items).toHaveLength(2)
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Me } from '../../shared/api/auth.ts'
import type { QuotaView, SettingView } from '../../shared/api/tenants.ts'
import { contrastWithWhite } from '../../shared/settings.ts'
import { prepareOrder, type Ordered } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { roleKey } from '../users/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
})
afterAll(() => app.close())

type List = { items: SettingView[] }
const PLATFORM = '/api/admin/tenants/settings'
const settingsOf = (tenantId: string) => `/api/admin/tenants/${tenantId}/settings`
const quotasOf = (tenantId: string) => `/api/admin/tenants/${tenantId}/quotas`
const one = ({ items }: List, key: string) => {
  const { value, origin, inherited } = items.find((item) => item.key === key) ?? {}
  return { value, origin, inherited }
}

it('a setting is the tenant’s, else the platform’s, else the default, and says which; null goes one step back', async () => {
  const tenantId = await app.tenant()
  const key = 'branding.name'
  const show = async () => one((await app.admin.get<List>(settingsOf(tenantId))).body, key)
  const set = async (path: string, value: string | null) =>
    expect((await app.admin.call('PATCH', path, { [key]: value })).status).toBe(200)
  expect(await show()).toEqual({ value: 'mPanel', origin: 'default', inherited: 'mPanel' })
  await set(PLATFORM, 'Host Ltd')
  expect(await show()).toEqual({ value: 'Host Ltd', origin: 'platform', inherited: 'Host Ltd' })
  await set(settingsOf(tenantId), 'Reseller')
  expect(await show()).toEqual({ value: 'Reseller', origin: 'tenant', inherited: 'Host Ltd' })
  await set(settingsOf(tenantId), null)
  expect(await show()).toEqual({ value: 'Host Ltd', origin: 'platform', inherited: 'Host Ltd' })
  await set(PLATFORM, null)
  expect(await show()).toEqual({ value: 'mPanel', origin: 'default', inherited: 'mPanel' })
  const events = await app.admin.get<{ items: { diff: unknown }[] }>(
    `/api/admin/audit/events?action=SETTINGS_UPDATED&targetId=${tenantId}`,
  )
  expect(events.body.items.map((event) => event.diff)).toEqual([
    { [key]: ['Reseller', null] },
    { [key]: [null, 'Reseller'] },
  ])
})

it('a tenant changes its branding and sees it, but not what only the platform changes', async () => {
  const tenantId = await app.tenant()
  const owner = await roleKey(app, 'TENANT_OWNER', tenantId)
  const own = {
    'branding.name': 'Acme',
    'branding.colour': '#1d4ed8',
    'branding.supportAddress': 'help@acme.test',
  }
  expect((await owner.call('PATCH', settingsOf(tenantId), own)).status).toBe(200)
  const me = await owner.get<Me>('/api/auth/me')
  expect(me.body.tenants[0]?.branding).toEqual({
    name: 'Acme',
    colour: '#1d4ed8',
    supportAddress: 'help@acme.test',
    logo: null,
  })
  const term = await owner.call<{ code: string }>('PATCH', settingsOf(tenantId), {
    'billing.paymentTermDays': 300,
  })
  expect(term).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  expect((await owner.get(PLATFORM)).status).toBe(403)
})

it.each([
  ['a colour on which white text cannot be read', { 'branding.colour': '#ffee88' }],
  ['an address that is none', { 'branding.supportAddress': 'nobody' }],
  ['a number outside its range', { 'billing.paymentTermDays': 366 }],
  ['a setting that does not exist', { 'branding.smell': 'rose' }],
])('%s is refused and changes nothing', async (_, body) => {
  const tenantId = await app.tenant()
  const before = await app.admin.get<List>(settingsOf(tenantId))
  expect((await app.admin.call('PATCH', settingsOf(tenantId), body)).status).toBe(422)
  expect((await app.admin.get<List>(settingsOf(tenantId))).body).toEqual(before.body)
})

it('a setting of the platform alone is neither shown to a tenant nor set for one, and the refusal says why', async () => {
  const key = 'audit.retentionDays'
  const tenantId = await app.tenant()
  const keysAt = async (path: string) => (await app.admin.get<List>(path)).body.items.map((item) => item.key)
  expect(await keysAt(PLATFORM)).toContain(key)
  expect(await keysAt(settingsOf(tenantId))).not.toContain(key)
  for (const value of [500, null]) {
    const refused = await app.admin.call<{ code: string; detail: string; errors: { path: string }[] }>(
      'PATCH',
      settingsOf(tenantId),
      { 'branding.name': 'Acme', [key]: value },
    )
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_input', errors: [{ path: key }] } })
    expect(refused.body.detail).toContain('platform as a whole')
  }
  expect(one((await app.admin.get<List>(settingsOf(tenantId))).body, 'branding.name').value).toBe('mPanel')
  expect((await app.admin.call('PATCH', PLATFORM, { [key]: 500 })).status).toBe(200)
  expect((await app.admin.call('PATCH', PLATFORM, { [key]: null })).status).toBe(200)
})

it('contrast is measured as WCAG does', () => {
  expect(contrastWithWhite('#000000')).toBeCloseTo(21, 5)
  expect(contrastWithWhite('#ffffff')).toBeCloseTo(1, 5)
  expect(contrastWithWhite('#767676')).toBeCloseTo(4.54, 2)
})

it('the payment term of an order is the one set for its tenant', async () => {
  const tenantId = await app.tenant()
  await app.admin.call('PATCH', settingsOf(tenantId), { 'billing.paymentTermDays': 3 })
  const { body } = await app.admin.post<Ordered>(
    '/api/admin/billing/subscriptions',
    await prepareOrder(app.admin, tenantId),
  )
  const term = Date.parse(body.subscription.paymentDueAt ?? '') - Date.parse(body.subscription.createdAt)
  expect(term).toBe(3 * 86_400_000)
})

it('a limit below what is in use leaves what exists and refuses new orders with the figures', async () => {
  const tenantId = await app.tenant()
  const order = () => prepareOrder(app.admin, tenantId)
  expect((await app.admin.post('/api/admin/billing/subscriptions', await order())).status).toBe(201)
  const lowered = await app.admin.call<QuotaView>('PATCH', quotasOf(tenantId), { maxPods: 0 })
  expect(lowered.body).toMatchObject({
    exceeded: true,
    limits: { maxPods: { limit: 0, used: 1, origin: 'platform' } },
  })
  const refused = await app.admin.post<{ code: string; detail: string }>(
    '/api/admin/billing/subscriptions',
    await order(),
  )
  expect(refused).toMatchObject({ status: 409, body: { code: 'quota_exceeded' } })
  expect(refused.body.detail).toContain('pods 1 + 1 > 0')
  const reset = await app.admin.call<QuotaView>('PATCH', quotasOf(tenantId), { maxPods: null })
  expect(reset.body).toMatchObject({ exceeded: false, limits: { maxPods: { limit: 20, origin: 'default' } } })
  const owner = await roleKey(app, 'TENANT_OWNER', tenantId)
  expect((await owner.call('PATCH', quotasOf(tenantId), { maxPods: 500 })).status).toBe(403)
  expect((await owner.get(quotasOf(tenantId))).status).toBe(200)
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page as ListPage } from '../../shared/api/common.ts'
import { pay, prepareOrder, type Ordered } from '../support/api.ts'
import { openApp, type OpenApp } from './browser.ts'

const PAYLOAD = `"'><img src=x onerror=window.pwned=1><script>window.pwned=1</script>{{7*7}}`
let opened: OpenApp
beforeAll(async () => {
  opened = await openApp()
}, 120_000)
afterAll(() => opened?.close())

it('what people type is shown as text on every page, and never becomes a script', async () => {
  const { admin } = opened.app
  const tenant = await admin.post<{ id: string }>('/api/admin/tenants', {
    name: PAYLOAD,
    slug: 'injected',
    quota: { maxPods: 9, maxCores: 99, maxMemoryMb: 99_999, maxDiskGb: 9_999 },
  })
  expect(tenant.status).toBe(201)
  const order = await prepareOrder(admin, tenant.body.id)
  const named = await admin.call('PATCH', `/api/admin/customers/${order.customerId}`, { name: PAYLOAD })
  expect(named.status).toBe(200)
  const { body } = await admin.post<Ordered>('/api/admin/billing/subscriptions', order)
  await pay(admin, body.invoice)
  const { id } = body.subscription
  await admin.post(`/api/admin/billing/subscriptions/${id}/cancel`, { when: 'now', reason: PAYLOAD })
  const jobs = await admin.get<ListPage<{ id: string }>>('/api/admin/provisioning/jobs')

  const page = await opened.page()
  await page.addInitScript(`window.violations = []
    document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.blockedURI))`)
  page.on('dialog', () => expect.fail('a dialog opened'))
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
  let shown = 0
  for (const path of [
    'customers',
    `customers/${order.customerId}`,
    `customers/${order.customerId}/edit`,
    'subscriptions',
    `subscriptions/${id}`,
    `subscriptions/${id}?tab=timeline`,
    'tenants',
    `tenants/${tenant.body.id}`,
    'audit',
    `jobs/${jobs.body.items[0]?.id}`,
  ]) {
    await page.goto(`/t/all/${path}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
    if ((await page.locator('body').innerText()).includes('<img src=x onerror')) shown++
    expect(await page.evaluate('[window.pwned, window.violations]'), path).toEqual([undefined, []])
  }
  expect(shown).toBeGreaterThan(4)
  await page.context().close()
}, 120_000)

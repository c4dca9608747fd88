import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Customer } from '../../shared/api/customers.ts'
import type { Invoice } from '../../shared/api/billing.ts'
import { pay } from '../support/api.ts'
import { until } from '../support/app.ts'
import { showSubscription } from '../cloudPods/faults.ts'
import { openApp, type OpenApp } from './browser.ts'

const PICTURES = process.env['MPANEL_TEST_PICTURES']
const HOST = 'grown.example.com'
let opened: OpenApp
let page: Page
let slug: string
beforeAll(async () => {
  opened = await openApp()
  const { admin } = opened.app
  const tenantId = await opened.app.tenant()
  const tenant = await admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)
  slug = tenant.body.slug
  const customer = { tenantId, name: 'Ada Lovelace', email: 'ada@example.com' }
  expect((await admin.post<Customer>('/api/admin/customers', customer)).status).toBe(201)
  const addon = { tenantId, code: 'memory', name: 'Memory', memoryMb: 1_024, maxQuantity: 4 }
  const prices = [{ currency: 'EUR', interval: 'month', unitMinor: '150' }]
  expect((await admin.post('/api/admin/billing/addons', { ...addon, prices })).status).toBe(201)
  page = await opened.page()
  await opened.enter(page, await opened.user('BILLING'))
}, 120_000)
afterAll(() => opened?.close())

async function picture(name: string): Promise<void> {
  if (!PICTURES) return
  for (const theme of ['light', 'dark'] as const)
    for (const width of [1_280, 390]) {
      await page.emulateMedia({ colorScheme: theme })
      await page.setViewportSize({ width, height: 900 })
      await page.screenshot({ path: join(PICTURES, `${name}-${theme}-${width}.png`), fullPage: true })
    }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1_280, height: 900 })
}

it('a person orders a pod with add-ons, plans a larger plan, and sees in the calendar when it begins', async () => {
  await page.goto(`/t/${slug}/subscriptions/new`)
  await page.getByLabel('Who orders').click()
  await page.getByRole('option', { name: /Ada Lovelace/ }).click()
  await page.getByRole('radio', { name: /^Small/ }).check()
  await page
    .getByRole('group', { name: 'Price' })
    .getByRole('radio', { name: /a month/ })
    .check()
  await page.getByRole('spinbutton', { name: 'Memory' }).fill('5')
  await page.getByText('at most 4 of the add-on Memory').first().waitFor()
  const order = page.getByRole('button', { name: 'Order' })
  expect(await order.getAttribute('aria-disabled')).toBe('true')
  await page.getByRole('spinbutton', { name: 'Memory' }).fill('2')
  await page.getByText('€7.99').first().waitFor()
  await page
    .getByRole('radio', { name: /container/ })
    .first()
    .check()
  await page.getByLabel('Host name').fill(HOST)
  await picture('order')
  await order.click()
  await page.getByRole('heading', { level: 1, name: HOST }).waitFor()

  const id = page.url().split('/').at(-1)?.split('?')[0] ?? ''
  const { admin } = opened.app
  const { body } = await admin.get<{ items: Invoice[] }>(`/api/admin/billing/invoices?subscriptionId=${id}`)
  const [invoice] = body.items
  if (!invoice) throw new Error('the order has no invoice')
  expect((await pay(admin, invoice)).status).toBe(201)
  await until(async () => (await showSubscription(opened.app, id)).state === 'active', 'the pod to be there')

  await page.reload()
  await page.getByRole('button', { name: 'Change plan' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change the plan or price' })
  await dialog.getByLabel('When').selectOption('period_end')
  await dialog.getByRole('radio', { name: /^Medium/ }).check()
  await dialog.getByText('The room for it is taken when that period begins.').waitFor()
  await picture('plan')
  await dialog.getByRole('button', { name: 'Plan the change' }).click()
  await page.getByText('A change is planned', { exact: true }).waitFor()
  await page.getByRole('tab', { name: 'What happens next' }).click()
  await page.getByText('with it the planned plan and price').waitFor()
  const begins = (await showSubscription(opened.app, id)).change?.effectiveAt.slice(0, 10) ?? ''
  const before = new Date(Date.parse(begins) - 86_400_000).toISOString().slice(0, 10)
  await page.getByLabel('Up to').fill(before)
  await page.getByText('with it the planned plan and price').waitFor({ state: 'detached' })
  expect(page.url()).toContain(`until=${before}`)
  await picture('calendar')
  await page.getByLabel('Up to').fill('2020-01-01')
  await page.getByText('The calendar begins today').first().waitFor()
}, 180_000)

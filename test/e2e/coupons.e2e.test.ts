import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { deliver } from '../billing/world.ts'
import { prepareOrder, type Ordered } from '../support/api.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
beforeAll(async () => {
  opened = await openApp()
  page = await opened.page()
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

it('a coupon is made, an order shows what it takes off, and a trial is delivered unpaid and kept', async () => {
  const { app } = opened
  const tenantId = await app.tenant()
  const { slug } = (await app.admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body
  const order = await prepareOrder(app.admin, tenantId)

  await page.goto(`/t/${slug}/coupons`)
  await page.getByRole('button', { name: 'New coupon' }).first().click()
  const making = page.getByRole('dialog', { name: 'New coupon' })
  await making.getByLabel('Code').fill('half-off')
  await making.getByLabel('Name').fill('Half off')
  await making.getByLabel('Percent').fill('50')
  await making.getByLabel('For so many periods').fill('3')
  await making.getByRole('button', { name: 'Create coupon' }).click()
  await page.getByText('HALF-OFF', { exact: true }).waitFor()
  await page.getByText('50 % for 3 periods').waitFor()

  await page.goto(`/t/${slug}/plans/new`)
  await page.getByLabel('Name').fill('Tried first')
  await page.getByLabel('Code').fill('tried')
  await page.getByRole('textbox', { name: 'Price' }).fill('8')
  await page.getByLabel('Days on trial').fill('14')
  await page.getByLabel('After the trial').selectOption('cancel')
  await page.getByRole('button', { name: 'Create plan' }).click()
  await page.getByText('14 days free, then ended unless it is kept').waitFor()

  await page.goto(`/t/${slug}/subscriptions/new?customer=${order.customerId}`)
  await page.getByRole('radio', { name: /^Small/ }).check()
  await page
    .getByRole('group', { name: 'Price' })
    .getByRole('radio', { name: /a month/ })
    .check()
  await page.getByText('€4.99', { exact: true }).waitFor()
  await page.getByLabel('Code').fill('no-such')
  await page.getByText('There is no coupon NO-SUCH.').first().waitFor()
  await page.getByLabel('Code').fill('half-off')
  await page.getByText('€2.49', { exact: true }).waitFor()
  await page.getByRole('radio', { name: /^Tried first/ }).check()
  await page.getByRole('radio', { name: /14 days free/ }).check()
  await page.getByText('After the trial €4.00').waitFor()
  await page.getByText('€0.00', { exact: true }).waitFor()

  const plans = await app.admin.get<{ items: { id: string; code: string; prices: { id: string }[] }[] }>(
    `/api/admin/billing/plans?tenantId=${tenantId}&limit=200`,
  )
  const tried = plans.body.items.find(({ code }) => code === 'tried')
  const priceId = tried?.prices[0]?.id
  const wished = { ...order, planId: tried?.id, priceId, coupon: 'HALF-OFF' }
  const made = await app.admin.post<Ordered>('/api/admin/billing/subscriptions', wished)
  await app.as((ctx) => deliver(ctx, tenantId, made.body.subscription.id))
  await page.goto(`/t/${slug}/subscriptions/${made.body.subscription.id}?tab=next`)
  await page.getByText('The subscription ends with its trial').waitFor()
  await page.getByText('HALF-OFF: 50 % for 3 periods to come').waitFor()
  await page.getByRole('button', { name: 'Keep after the trial' }).click()
  await page.getByText('The trial is over: the first period begins').waitFor()
  expect(await page.getByRole('button', { name: 'Keep after the trial' }).count()).toBe(0)
}, 120_000)

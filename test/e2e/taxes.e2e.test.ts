import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { prepareOrder, type Ordered } from '../support/api.ts'
import { deliver } from '../billing/world.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
beforeAll(async () => {
  opened = await openApp()
  page = await opened.page()
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

it('a seller and a rule are set, an order is taxed, its documents and figures are there, and credit is given', async () => {
  const { app } = opened
  const tenantId = await app.tenant()
  const { slug } = (await app.admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body
  const order = await prepareOrder(app.admin, tenantId)
  const customer = `/t/${slug}/customers/${order.customerId}`
  await app.admin.call('PATCH', `/api/admin/customers/${order.customerId}`, { country: 'IT' })

  await page.goto(`/t/${slug}/taxes`)
  await page.getByText('Nobody has said it').waitFor()
  await page.getByRole('button', { name: 'Change' }).click()
  const selling = page.getByRole('dialog', { name: 'Who sells' })
  await selling.getByLabel('Legal name').fill('Example Hosting S.r.l.')
  await selling.getByLabel('Street').fill('Via Roma 1')
  await selling.getByLabel('City').fill('Torino')
  await selling.getByLabel('Country').selectOption('Italy')
  await selling.getByLabel('Tax id', { exact: false }).first().fill('IT00743110157')
  await selling.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Via Roma 1, Torino, IT').waitFor()
  await page.getByRole('button', { name: 'New rule' }).click()
  const ruling = page.getByRole('dialog', { name: 'New tax rule' })
  await ruling.getByLabel('Where the customer is').fill('it')
  await ruling.getByLabel('Percent').fill('22')
  await ruling.getByLabel('First day').fill('2020-01-01')
  await ruling.getByRole('button', { name: 'Save' }).click()
  await page.getByText('22 %').waitFor()

  const { subscription, invoice } = (await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order))
    .body
  expect(invoice.tax.amount).not.toBe('0')
  await page.goto(`/t/${slug}/subscriptions/${subscription.id}`)
  await page.getByText('tax', { exact: false }).first().waitFor()
  await page.getByRole('link', { name: invoice.number ?? '' }).click()
  await page.getByRole('heading', { level: 1, name: invoice.number ?? '' }).waitFor()
  await page.getByRole('cell', { name: /22 ?%/ }).first().waitFor()
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Invoice as XML' }).click()
  expect((await saved).suggestedFilename()).toBe(`${invoice.number}.xml`)
  const printed = page.context().waitForEvent('page')
  await page.getByRole('button', { name: 'Invoice to print' }).click()
  const paper = await printed
  await paper.getByText('Example Hosting S.r.l.').waitFor()
  expect(await paper.evaluate(`getComputedStyle(document.querySelector('.total')).fontWeight`)).toBe('700')
  await paper.close()
  // An order that waits for its payment is cancelled instead.
  expect(await page.getByRole('button', { name: 'Write off' }).isDisabled()).toBe(true)

  await page.goto(`/t/${slug}/subscriptions/new?customer=${order.customerId}`)
  await page.getByRole('radio', { name: /^Small/ }).check()
  await page
    .getByRole('group', { name: 'Price' })
    .getByRole('radio', { name: /a month/ })
    .check()
  await page.getByText('with €1.10 tax (22 %)').waitFor()
  await page.goto(`${customer}?tab=tax`)
  await page.getByText('S at 22 %').waitFor()
  await page.getByRole('button', { name: 'Exempt' }).click()
  const exempting = page.getByRole('dialog')
  await exempting.getByLabel('Reason').fill('A mission')
  await exempting.getByLabel('First day').fill('2020-01-01')
  await exempting.getByRole('button', { name: 'Record' }).click()
  await page.getByText('The customer is exempt: A mission').waitFor()
  await page.goto(`${customer}?tab=account`)
  await page.getByText(invoice.number ?? '').waitFor()
  await page.getByRole('button', { name: 'Give credit' }).click()
  const giving = page.getByRole('dialog', { name: 'Credit by hand' })
  await giving.getByLabel('Amount').fill('1.50')
  await giving.getByLabel('Reason').fill('An outage')
  await giving.getByRole('button', { name: 'Save' }).click()
  await page.getByText('An outage').waitFor()

  await app.admin.post(`/api/admin/billing/invoices/${invoice.id}/payments`, {
    amountMinor: invoice.total.amount,
    currency: 'EUR',
    reference: 'bank 1',
  })
  await app.as((ctx) => deliver(ctx, tenantId, subscription.id))
  await page.goto(`/t/${slug}/billing-report`)
  await page.getByRole('table', { name: 'Recurring revenue' }).getByRole('row').nth(1).waitFor()
  await page.getByRole('table', { name: 'Revenue and tax' }).getByText('22 %').waitFor()
})

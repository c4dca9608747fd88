import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let tenantId: string
beforeAll(async () => {
  opened = await openApp()
  tenantId = await opened.app.tenant()
  page = await opened.page()
}, 120_000)
afterAll(() => opened?.close())

const HOST = 'shop.example.com'
/** The badges beside the page's title. */
const badges = () => page.locator('h1 + *')
/** What exists on the simulated cluster. */
const guests = () =>
  opened.app.sim.control
    .guests()
    .map(({ vmid }) => vmid)
    .toSorted((a, b) => a - b)

it('an operator orders, takes the payment, works with the pod and ends it, all in the browser', async () => {
  const before = guests()
  await page.goto('/t/all/subscriptions/new')
  await page.waitForURL('**/login?return=**')
  await logIn(page, await opened.user('SUPER_ADMIN'))
  await page.getByRole('heading', { level: 1, name: 'New subscription' }).waitFor()

  await orderPod()
  await badges().getByText('Awaiting payment').waitFor()

  await page.getByRole('button', { name: 'Record payment' }).click()
  const payment = page.getByRole('dialog', { name: /Record a payment/ })
  expect(await payment.getByLabel('Amount in EUR').inputValue()).toBe('4.99')
  await payment.getByLabel('Reference').fill('BANK-1')
  await payment.getByRole('button', { name: 'Record payment' }).click()
  await badges().getByText('Active').waitFor()
  await page.getByText('Paid', { exact: true }).waitFor()

  await page.getByRole('link', { name: HOST }).click()
  await badges().getByText('Running').waitFor()
  expect(guests()).toHaveLength(before.length + 1)
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await page.getByRole('button', { name: 'Stop now' }).click()
  await badges().getByText('Stopped').waitFor()
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await badges().getByText('Running').waitFor()

  await page.getByRole('link', { name: 'Open the subscription' }).click()
  await cancelNow()
  await badges().getByText('Terminated').waitFor()
  expect(guests()).toEqual(before)
}, 120_000)

it('a button that cannot be used says why, and does nothing', async () => {
  await page.goto('/t/all/cloudpods')
  await page.getByRole('link', { name: HOST }).click()
  const start = page.getByRole('button', { name: 'Start', exact: true })
  expect(await start.getAttribute('aria-disabled')).toBe('true')
  await start.hover()
  await page.getByText('The pod no longer exists.').last().waitFor()
})

it('people of a tenant, who see nothing of the infrastructure, order and make pods by themselves', async () => {
  const { slug } = await tenant()
  const own = await opened.page()
  await own.goto(`/t/${slug}/subscriptions/new`)
  await logIn(own, await opened.user('TENANT_OWNER', tenantId))
  await own.getByRole('button', { name: 'New customer' }).click()
  const dialog = own.getByRole('dialog', { name: 'New customer' })
  await dialog.getByLabel('Name', { exact: true }).fill('Grace Hopper')
  await dialog.getByLabel('E-mail').fill('grace@example.com')
  await dialog.getByRole('button', { name: 'Create customer' }).click()
  await own.getByRole('radio', { name: /^Small/ }).check()
  await own
    .getByRole('group', { name: 'Price' })
    .getByRole('radio', { name: /a month/ })
    .check()
  await own
    .getByRole('radio', { name: /virtual machine/i })
    .first()
    .check()
  await own.getByLabel('Host name').fill('grace.example.com')
  await own.getByRole('button', { name: 'Order' }).click()
  await own.getByRole('heading', { level: 1, name: 'grace.example.com' }).waitFor()
  await own.context().close()

  const theirs = await opened.page()
  await theirs.goto(`/t/${slug}/cloudpods/new`)
  await logIn(theirs, await opened.user('TENANT_ADMIN', tenantId))
  await theirs.getByRole('radio', { name: /^Small/ }).check()
  await theirs
    .getByRole('radio', { name: /container/i })
    .first()
    .check()
  await theirs.getByLabel('Host name').fill('internal.example.com')
  await theirs.getByRole('button', { name: 'Create CloudPod' }).click()
  await theirs.locator('h1 + *').getByText('Running').waitFor()
  await theirs.context().close()
})

const tenant = async () =>
  (await opened.app.admin.get<{ name: string; slug: string }>(`/api/admin/tenants/${tenantId}`)).body

async function orderPod(): Promise<void> {
  await page.getByRole('button', { name: 'New customer' }).click()
  const dialog = page.getByRole('dialog', { name: 'New customer' })
  await dialog.getByLabel('Tenant').click()
  const { name } = await tenant()
  await page.getByLabel('Search: Tenant').fill(name)
  await page.getByRole('option', { name }).click()
  await dialog.getByLabel('Name', { exact: true }).fill('Ada Lovelace')
  await dialog.getByLabel('E-mail').fill('ada@example.com')
  await dialog.getByRole('button', { name: 'Create customer' }).click()
  await page.getByRole('radio', { name: /^Small/ }).check()
  await page
    .getByRole('group', { name: 'Price' })
    .getByRole('radio', { name: /a month/ })
    .check()
  await page
    .getByRole('radio', { name: /container/ })
    .first()
    .check()
  await page.getByLabel('Host name').fill(HOST)
  await page.getByRole('button', { name: 'Order' }).click()
  await page.getByRole('heading', { level: 1, name: HOST }).waitFor()
}

async function cancelNow(): Promise<void> {
  await page.getByRole('button', { name: 'Cancel subscription' }).click()
  const dialog = page.getByRole('dialog', { name: 'Cancel the subscription' })
  await dialog.getByRole('radio', { name: /^Now/ }).check()
  const confirm = dialog.getByRole('button', { name: 'Cancel now' })
  expect(await confirm.getAttribute('aria-disabled')).toBe('true')
  await dialog.getByLabel(`Type ${HOST} to confirm`).fill(HOST)
  await confirm.click()
  await dialog.waitFor({ state: 'hidden' })
}

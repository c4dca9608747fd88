import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { good } from '../rules/pods.ts'
import { freshName, invoiceOf, registryOf } from '../support/registry.ts'
import type { DomainOperation, DomainOrdered } from '../../shared/api/domainRegistrations.ts'
import * as registrations from '../../src/services/domainRegistrationService.ts'
import { pay } from '../support/api.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
beforeAll(async () => {
  opened = await openApp()
  page = await opened.page({ viewport: { width: 1280, height: 900 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

/** A folder for pictures of the pages, for people to look at. */
const PICTURES = process.env['MPANEL_TEST_PICTURES']
async function picture(name: string): Promise<void> {
  if (PICTURES === undefined) return
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 })
    await page.screenshot({ path: join(PICTURES, `${name}-${width}.png`), fullPage: true })
  }
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.screenshot({ path: join(PICTURES, `${name}-dark.png`), fullPage: true })
  await page.emulateMedia({ colorScheme: 'light' })
}

async function fillContact(fields: Locator | Page, name: string): Promise<void> {
  for (const [label, text] of [
    ['Name', name],
    ['Street and number', 'Example Street 1'],
    ['Postal code', '10115'],
    ['City', 'Berlin'],
    ['Phone', '+49.301234567'],
    ['E-mail', 'ada@example.com'],
  ] as const)
    await fields.getByLabel(label, { exact: true }).fill(text)
  await fields.getByLabel('Country', { exact: true }).selectOption('Germany')
}

it('a name is searched, ordered, paid, registered, and changed at its registry', async () => {
  await registryOf(opened.app)
  const { admin } = opened.app
  const tenantId = await opened.app.tenant()
  const { slug } = (await admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body
  await good(admin.post('/api/admin/customers', { tenantId, name: 'Ada Example', email: 'ada@example.com' }))
  const name = freshName()

  await page.goto(`/t/${slug}/domains`)
  await page.getByRole('link', { name: 'Register a domain' }).click()
  await page.getByRole('main').getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('main').getByRole('button', { name: 'Search' }).click()
  const row = page.getByRole('row').filter({ hasText: name })
  await row.getByText('Free').last().waitFor()
  await picture('search')
  await row.getByRole('link', { name: 'Register' }).click()

  await page.getByRole('combobox', { name: 'Customer' }).click()
  await page.getByRole('option', { name: /Ada Example/ }).click()
  // What is known of the customer stands there already.
  expect(await page.getByLabel('E-mail', { exact: true }).inputValue()).toBe('ada@example.com')
  await fillContact(page, 'Ada Example')
  await page.getByRole('textbox', { name: 'Name servers' }).fill('ns1.example.org\nns2.example.org')
  await picture('order')
  await page.getByRole('button', { name: 'Order the registration' }).click()

  await page.getByRole('heading', { level: 1, name }).waitFor()
  await page.getByText('It begins when its invoice is paid.').first().waitFor()
  await page.getByRole('link', { name: 'Go to the invoice' }).click()
  await picture('invoice')
  await page.getByRole('button', { name: 'Record payment' }).click()
  await page.getByRole('dialog').getByLabel('Reference').fill('transfer of Ada')
  await page.getByRole('dialog').getByRole('button', { name: 'Record payment' }).click()
  await page.getByText('Paid', { exact: true }).first().waitFor()
  await page.getByRole('link', { name }).click()
  await page.getByText('Simulated registry').first().waitFor()
  await page
    .getByRole('switch', { name: 'Locked against transfers' })
    .and(page.locator(':not([aria-disabled])'))
    .click()
  await page.getByRole('switch', { name: 'Locked against transfers', checked: true }).waitFor()
  await picture('registration')
  await page.getByRole('button', { name: 'Renew' }).click()
  await page
    .getByText('12.00 a year')
    .or(page.getByText(/€.?12\.00 a year/))
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'Order the renewal' }).click()
  await page.getByText(`Renewal of ${name}, 1 year`).first().waitFor()

  await page.goto('/t/all/registrars')
  await page.getByRole('link', { name: 'Simulated registry' }).first().waitFor()
  await picture('registrars')
  await page.getByRole('link', { name: 'Simulated registry' }).first().click()
  await page.getByRole('button', { name: 'Test the connection' }).click()
  await page.getByText(/The account can be used, with/).waitFor()
  await page.getByRole('button', { name: 'Low balance' }).click()
  await page.getByLabel('Warn below (USD)').fill('1,000,000')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await page.getByText('An amount such as 100.00.').waitFor()
  await picture('registrar-low')
  await page.getByLabel('Warn below (USD)').fill('99999999')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await page.getByText(/99,999,999\.00/).waitFor()
  await page.getByRole('button', { name: 'Test the connection' }).click()
  await page.getByText('Low', { exact: true }).waitFor()
  await picture('registrar')
  await page.goto('/t/all/registrars/new')
  await page.getByRole('heading', { name: 'Add a registrar' }).waitFor()
  await picture('new-registrar')
})

it('a premium name is ordered for a price that is agreed to, has contacts of its own, and another holder by a tick only', async () => {
  const sim = await registryOf(opened.app)
  sim.balance('mpanel', 10_000_000)
  const { admin } = opened.app
  const tenantId = await opened.app.tenant()
  const { slug } = (await admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body
  const customer = { tenantId, name: 'Grace Example', email: 'grace@example.com', currency: 'USD' }
  await good(admin.post('/api/admin/customers', customer))
  const name = freshName()
  const prices = { createMinor: 250_000, renewMinor: 120_000, transferMinor: 110_000, restoreMinor: 130_000 }
  sim.world.premium[name] = prices

  await page.goto(`/t/${slug}/domains/search?words=${name}`)
  await page.getByText('It has a price of its own, in USD').first().waitFor()
  await page.getByLabel('Prices in').selectOption('USD')
  const row = page.getByRole('row').filter({ hasText: name })
  await row.getByText('3,000.00').last().waitFor()
  await picture('premium-search')
  await row.getByRole('link', { name: 'Register' }).click()
  await page.getByRole('combobox', { name: 'Customer' }).click()
  await page.getByRole('option', { name: /Grace Example/ }).click()
  await page.getByText(`${name} is a premium name`).waitFor()
  await fillContact(page, 'Grace Example')
  await page.getByRole('textbox', { name: 'Name servers' }).fill('ns1.example.org\nns2.example.org')
  const order = page.getByRole('button', { name: 'Order the registration' })
  await order.and(page.locator('[aria-disabled]')).waitFor()
  await page.getByLabel(/^I agree to .*3,000\.00 for/).check()
  await picture('premium-order')
  // Somebody else has looked meanwhile, at another price.
  sim.world.premium[name] = { ...prices, createMinor: 260_000 }
  await admin.get(`/api/admin/domains/search?words=${name}&currency=USD`)
  await order.click()
  await page
    .getByText(/costs 3120\.00 USD now|costs .*3,?120\.00.* now/)
    .first()
    .waitFor()
  await page.getByLabel(/^I agree to .*3,120\.00 for/).check()
  await order.click()

  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? ''
  const path = `/api/admin/domains/${id}`
  const [operation] = (await admin.get<{ items: DomainOperation[] }>(`${path}/timeline`)).body.items
  await pay(admin, await invoiceOf(opened.app, { operation } as DomainOrdered))
  await page.getByText('1,440.00 a year').first().waitFor()
  await page.getByText('Premium', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Contacts' }).click()
  const dialog = page.getByRole('dialog', { name: 'Contacts' })
  await dialog.getByLabel('Technical contact').selectOption('Somebody else')
  await picture('contacts')
  await dialog.getByLabel('Name', { exact: true }).first().fill('Joan Example')
  await dialog.getByText('This makes somebody else the holder').waitFor()
  await dialog
    .getByRole('button', { name: 'Tell the registry' })
    .and(page.locator('[aria-disabled]'))
    .waitFor()
  await picture('holder')

  sim.balance('mpanel', 5)
  await registrations.pollAll(opened.app.root)
  await page.goto('/t/all/registrars')
  await page.getByText(/0\.05 is left/).waitFor()
  await picture('low-balance')
  await page.getByRole('link', { name: 'Simulated registry' }).first().click()
  await page.getByText('The account needs money').waitFor()
  await page.getByRole('button', { name: 'Premium names' }).click()
  await page.getByLabel('Margin in percent').fill('25')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await page.getByText('The registry’s price and 25 %').waitFor()
  await picture('registrar-money')
  await page.goto('/t/all/tenants/settings')
  await page.getByText('Usual contacts of domains').first().waitFor()
  await page.getByRole('button', { name: 'Change contacts' }).click()
  await page.getByLabel('Technical contact of its own').check()
  await picture('defaults')
  await fillContact(page.getByRole('dialog'), 'Platform Tech')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await page.getByText('Platform Tech').waitFor()
})

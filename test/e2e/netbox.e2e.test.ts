import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { NetboxSim } from '../../sim/netbox/server.ts'
import { LOOPBACK, netboxWithField, prefixIn } from '../support/netbox.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let sim: NetboxSim
beforeAll(async () => {
  sim = await netboxWithField()
  opened = await openApp(LOOPBACK)
  page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('PLATFORM_ADMIN'))
}, 120_000)
afterAll(async () => {
  await opened?.close()
  await sim?.close()
})

it('an operator adds a NetBox, hears what is wrong with the token, and makes a pool of one of its prefixes', async () => {
  const prefixId = prefixIn(sim, '198.51.100.0/28')
  sim.put({ address: '198.51.100.2', length: 28 })
  await page.goto('/t/all/ip-pools')
  await page.getByRole('link', { name: 'NetBox', exact: true }).click()
  await page.getByText('No NetBox yet').waitFor()
  await page.getByRole('link', { name: 'Add a NetBox' }).first().click()
  await page.getByLabel('Name').fill('Networks')
  await page.getByLabel('Address').fill(sim.url)
  await page.getByLabel('Token').fill(sim.addToken({ write: false }))
  await page.getByRole('button', { name: 'Test the connection' }).click()
  await page.getByText('The token may only read').waitFor()
  await page.getByLabel('Token').fill(sim.token)
  await page.getByRole('button', { name: 'Test the connection' }).click()
  await page.getByText('NetBox 4.6.8 can be used').waitFor()
  await page.getByRole('button', { name: 'Add the NetBox' }).click()
  await page.getByRole('row').filter({ hasText: 'Networks' }).waitFor()

  await page.goto('/t/all/ip-pools/new')
  await page.getByLabel('Addresses are kept').selectOption({ label: 'in Networks' })
  const number = page.getByLabel('Prefix number')
  await number.fill('999999')
  await page.getByRole('button', { name: 'Look the prefix up' }).click()
  await page.getByText('NetBox has no prefix 999999').waitFor()
  await number.fill(String(prefixId))
  await page.getByRole('button', { name: 'Look the prefix up' }).click()
  await page.getByText('NetBox 4.6.8 can be used').waitFor()
  expect(await page.getByLabel('Network').inputValue()).toBe('198.51.100.0/28')
  await page.getByLabel('Name').fill('of-netbox')
  await page.getByLabel('Gateway').fill('198.51.100.1')
  await page.getByLabel('First address').fill('198.51.100.2')
  await page.getByLabel('Last address').fill('198.51.100.14')
  await page.getByRole('button', { name: 'Create IP pool' }).click()
  await page.getByRole('link', { name: 'of-netbox' }).click()
  await page.getByText(`${prefixId} of Networks`).waitFor()
  await page.getByRole('button', { name: 'Compare now' }).click()
  await page.getByText('Compare IP pool').first().waitFor()
  await page.getByText('Succeeded').first().waitFor()
})

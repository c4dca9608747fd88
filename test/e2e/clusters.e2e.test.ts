import type { Page } from 'playwright-core'
import { afterAll, beforeAll, it } from 'vitest'
import { newId } from '../../src/lib/ids.ts'
import { PRIVILEGES } from '../../src/services/provisioningService.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
beforeAll(async () => {
  opened = await openApp()
  page = await opened.page({ viewport: { width: 1360, height: 1600 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

const button = (name: string) => page.getByRole('button', { name, exact: true })

it('a connection is tried, its fingerprint taken over, what the token lacks mended, and the cluster added, changed and removed', async () => {
  const { sim } = opened.app
  const secret = newId()
  const needed = Object.values(PRIVILEGES).flat()
  const grant = (privileges: readonly string[]) =>
    sim.control.addToken({ id: 'own@pve!panel', secret, privileges })
  grant(needed.filter((one) => one !== 'VM.Clone'))
  await page.goto('/t/all/clusters/new')
  await page.getByLabel('Name').fill('second')
  await page.getByLabel('Address').fill(sim.url)
  await page.getByLabel('Token id').fill('own@pve!panel')
  await page.getByLabel('Token secret').fill(secret)
  await button('Test the connection').click()
  await page.getByText('The connection cannot be used').waitFor()
  await button('Trust this fingerprint').click()
  await button('Test the connection').click()
  await page.getByText('On /vms: VM.Clone').waitFor()
  grant(needed)
  await button('Test the connection').click()
  await page.getByText('The connection works').waitFor()
  await button('Add the cluster').click()
  await page.getByText('Succeeded').first().waitFor()

  await page.goto('/t/all/clusters')
  await page.getByRole('link', { name: 'Change second' }).click()
  await page.getByRole('heading', { level: 1, name: 'Cluster second' }).waitFor()
  await page.getByLabel('Address').fill('https://pve.example.com:8006')
  await button('Save').click()
  await page.getByText('Say the token’s secret as well when you change apiUrl').first().waitFor()
  await page.getByLabel('Address').fill(sim.url)
  await page.getByLabel('Name').fill('third')
  await button('Save').click()
  await page.getByRole('link', { name: 'Change third' }).click()
  await button('Test the connection').click()
  await page.getByText('The connection works').waitFor()
  await button('Pause').click()
  await page.getByText('It takes no new CloudPods. Those').waitFor()
  await button('Remove').click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(/to confirm/).fill('third')
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('heading', { level: 1, name: 'Clusters & nodes' }).waitFor()
  await page.getByRole('link', { name: 'Change simulated' }).waitFor()
  await page.getByRole('link', { name: 'Change third' }).waitFor({ state: 'detached' })
})

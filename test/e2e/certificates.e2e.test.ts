import type { Page } from 'playwright-core'
import { afterAll, beforeAll, it } from 'vitest'
import { domainIn } from '../rules/casesDomains.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
beforeAll(async () => {
  opened = await openApp()
  page = await opened.page({ viewport: { width: 1280, height: 900 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(async () => {
  await opened?.close()
})

it('a certificate is requested, issued by the private CA while its page is open, renewed, and its root is there to download', async () => {
  const id = await opened.app.tenant()
  const { slug } = (await opened.app.admin.get<{ slug: string }>(`/api/admin/tenants/${id}`)).body
  await domainIn(opened.app, id, 'shop.example.com')
  await page.goto(`/t/${slug}/certificates`)
  await page.getByRole('button', { name: 'Request certificate' }).click()
  await page.getByLabel('Names').fill('shop.example.com\n*.shop.example.com other.example.org')
  await page.getByRole('button', { name: 'Request', exact: true }).click()
  await page.getByText('no verified domain that holds other.example.org').first().waitFor()
  await page.getByLabel('Names').fill('shop.example.com *.shop.example.com')
  await page.getByRole('button', { name: 'Request', exact: true }).click()

  await page.getByRole('heading', { level: 1, name: 'shop.example.com' }).waitFor()
  await page.getByText('Issued', { exact: true }).first().waitFor()
  await page.getByRole('tab', { name: 'Overview' }).click()
  await page.getByRole('heading', { name: 'Chain' }).waitFor()
  await page.getByRole('button', { name: 'Renew now' }).click()
  await page.getByRole('tab', { name: 'Versions' }).click()
  await page.getByText('Superseded').waitFor()

  await page.getByRole('tab', { name: 'Deployments' }).click()
  await page.getByRole('button', { name: 'Add a target' }).click()
  await page.getByLabel('Way').selectOption('webhook')
  await page.getByLabel('Name', { exact: true }).fill('Edge 1')
  await page.getByLabel('Address').fill('https://edge.example.com/certificates')
  await page.getByRole('button', { name: 'Add the target' }).click()
  await page.getByText('This secret signs the deliveries.').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Deliver again' }).waitFor()
  await page.getByRole('button', { name: 'Remove', exact: true }).last().click()
  await page.getByRole('textbox').fill('Edge 1')
  await page.getByRole('button', { name: 'Remove', exact: true }).last().click()
  await page.getByText('Nowhere yet.').waitFor()

  await page.goto('/t/all/ssl-issuers')
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download root' }).click()
  await download
})

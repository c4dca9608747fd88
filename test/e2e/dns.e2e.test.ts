import type { Page } from 'playwright-core'
import { afterAll, beforeAll, it } from 'vitest'
import type { Domain } from '../../shared/api/domains.ts'
import { LOOPBACK } from '../support/netbox.ts'
import { startPowerDns, type PowerDns } from '../support/powerdns.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let pdns: PowerDns
let page: Page
beforeAll(async () => {
  pdns = await startPowerDns()
  opened = await openApp(LOOPBACK)
  page = await opened.page({ viewport: { width: 1280, height: 900 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(async () => {
  await opened?.close()
  await pdns?.close()
})

it('a server is added, and the zone of a domain is begun, filled, looked at and taken back', async () => {
  const { admin } = opened.app
  const tenantId = await opened.app.tenant()
  const { slug } = (await admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body
  const { id } = (await admin.post<Domain>('/api/admin/domains', { tenantId, name: 'zone.example.com' })).body
  await admin.post(`/api/admin/domains/${id}/trust`, { reason: 'Known from before' })

  await page.goto('/t/all/dns-servers')
  await page.getByRole('link', { name: 'Add a PowerDNS' }).first().click()
  await page.getByLabel('Address', { exact: true }).fill(pdns.url)
  await page.getByLabel('API key').fill(pdns.apiKey)
  await page.getByRole('button', { name: 'Test the connection' }).click()
  await page.getByText('It answers').waitFor()
  await page.getByLabel('Name', { exact: true }).fill('Ours')
  await page.getByLabel('Hostmaster').fill('hostmaster@example.net')
  await page.getByLabel('Name servers', { exact: true }).fill('ns1.example.net\nns2.example.net')
  await page.getByRole('button', { name: 'Add the server' }).click()
  await page.getByRole('link', { name: 'Ours' }).waitFor()

  await page.goto(`/t/${slug}/domains/${id}?tab=dns`)
  await page.getByRole('button', { name: 'Serve its DNS here' }).click()
  await page.getByText('Applied').first().waitFor()
  const add = async (name: string, type: string, contents: string) => {
    await page.getByRole('button', { name: 'Add records' }).click()
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByLabel('Type', { exact: true }).selectOption(type)
    await page.getByLabel('Contents').fill(contents)
    await page.getByRole('button', { name: 'Add', exact: true }).click()
  }
  await add('www', 'A', '192.0.2.300')
  await add('@', 'MX', '10 mail.zone.example.com')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('192.0.2.300 is no IPv4 address', { exact: false }).first().waitFor()
  await page.getByRole('button', { name: 'Change www A' }).click()
  await page.getByLabel('Contents').fill('192.0.2.30')
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('2, of which 2 is served').waitFor()
  await page.getByText('mail.zone.example.com. has no address').first().waitFor()

  await page.getByRole('button', { name: 'Import' }).click()
  await page
    .getByLabel('Zone file', { exact: true })
    .fill('mail 300 IN A 192.0.2.25\nodd IN ALIAS example.org.')
  await page.getByRole('button', { name: 'Show what would change' }).click()
  await page.getByText('Line 2:').waitFor()
  await page.getByRole('button', { name: 'Change 1 set' }).click()
  await page.getByText('3, of which 3 is served').waitFor()
  await page.getByRole('button', { name: 'of revision 2' }).click()
  await page.getByRole('button', { name: 'Go back to this revision' }).click()
  await page.getByText('4, of which 4 is served').waitFor()
})

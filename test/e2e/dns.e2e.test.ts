import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Domain } from '../../shared/api/domains.ts'
import { good } from '../rules/pods.ts'
import { domainIn } from '../rules/casesDomains.ts'
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

it('a zone of ten thousand records is opened, searched, edited and saved, and a part of it is shown at a time', async () => {
  const { admin } = opened.app
  const tenantId = await opened.app.tenant()
  const { slug } = (await admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body
  const { id } = await domainIn(opened.app, tenantId, 'large.example.com')
  await good(admin.post(`/api/admin/domains/${id}/zone`, {}))
  const text = Array.from({ length: 10_000 }, (_, at) => `host${at} 300 IN A 192.0.2.${at % 200}`).join('\n')
  await good(admin.post(`/api/admin/domains/${id}/import`, { text, mode: 'merge' }))

  await page.goto(`/t/${slug}/domains/${id}?tab=dns`)
  await page.getByText('10,001 sets').or(page.getByText('10001 sets')).first().waitFor()
  const rows = page.getByRole('table', { name: 'records' }).getByRole('row')
  expect(await rows.count()).toBeLessThan(110)
  await page.getByRole('button', { name: 'Show more', exact: true }).click()
  await expect.poll(() => rows.count()).toBeGreaterThan(200)
  await page.getByRole('searchbox', { name: 'Search records' }).fill('host9876')
  await page.getByText('1 set', { exact: true }).first().waitFor()
  await page.getByRole('button', { name: 'Change host9876 A' }).click()
  await page.getByLabel('Contents').fill('198.51.100.7')
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  await page.getByRole('region', { name: 'Not saved yet' }).scrollIntoViewIfNeeded()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('3, of which 3 is served').waitFor()
  await page.getByRole('button', { name: 'of revision 2' }).click()
  const shown = page.getByRole('dialog').getByRole('listitem')
  await page.getByRole('button', { name: /^Show more of/ }).waitFor()
  expect(await shown.count()).toBeLessThan(60)
  const server = await pdns.call('GET', '/zones/large.example.com.?rrset_name=host9876.large.example.com.')
  expect(JSON.stringify(server)).toContain('198.51.100.7')
})

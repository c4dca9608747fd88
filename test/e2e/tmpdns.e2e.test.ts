import { afterAll, beforeAll, it } from 'vitest'
import type { Page } from 'playwright-core'
import { servedZone, serverOf } from '../support/dnsZones.ts'
import { startPowerDns, type PowerDns } from '../support/powerdns.ts'
import { looked } from '../support/worldDns.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let pdns: PowerDns
let above: PowerDns
beforeAll(async () => {
  pdns = await startPowerDns()
  const port = Number(pdns.address.split(':')[1])
  above = await startPowerDns({ host: '127.0.0.2', dnsPort: port })
  opened = await openApp({
    MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8',
    MPANEL_DNS_SERVERS: above.address,
    MPANEL_DNS_PORT: String(port),
  })
  await serverOf(opened.app, pdns)
  page = await opened.page({ viewport: { width: 1280, height: 900 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(async () => {
  await opened?.close()
  await pdns?.close()
  await above?.close()
})
it('shots', async () => {
  const { app } = opened
  const tenantId = await app.tenant()
  const { slug } = (await app.admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body
  for (const zone of ['example.com.', 'example.net.'])
    await above.call('POST', '/zones', { name: zone, kind: 'Native', nameservers: ['a.example.net.'] })
  const rr = (zone: string, name: string, type: string, ...c: string[]) =>
    above.call('PATCH', `/zones/${zone}`, {
      rrsets: [
        {
          name,
          type,
          ttl: 300,
          changetype: 'REPLACE',
          records: c.map((content) => ({ content, disabled: false })),
        },
      ],
    })
  await rr('example.net.', 'a.example.net.', 'A', '127.0.0.2')
  await rr('example.net.', 'ns1.example.net.', 'A', '127.0.0.1')
  await rr('example.net.', 'ns2.example.net.', 'A', '127.0.0.1')
  const zone = await servedZone(app, tenantId)
  await looked(app, zone)
  await page.goto(`/t/${slug}/domains/${zone.domainId}`)
  await page.getByText('DNS: not delegated').waitFor()
  await page.screenshot({ path: '/tmp/x/overview.png', fullPage: true })
  await rr('example.com.', zone.name, 'NS', 'ns1.example.net.', 'ns2.example.net.')
  await page.getByRole('tab', { name: 'DNS' }).click()
  await page.getByRole('button', { name: 'Look now' }).click()
  await page.getByText('Delegated to us').waitFor()
  await page.getByRole('button', { name: 'Switch on' }).click()
  const dialog = page.getByRole('dialog', { name: 'Switch DNSSEC on' })
  await dialog.waitFor()
  await page.screenshot({ path: '/tmp/x/dialog.png' })
  await dialog.getByRole('button', { name: 'Switch on' }).click()
  await page.getByText('Waits for its DS').waitFor()
  await page.getByText('Set it where the domain is registered').waitFor()
  await page.getByRole('button', { name: 'Propose records' }).click()
  const mail = page.getByRole('dialog', { name: 'Records for e-mail' })
  await mail.getByLabel('Services that send for it').fill('_spf.example.net')
  await mail.getByLabel('Reports go to').fill('dmarc@example.com')
  await mail.getByRole('button', { name: 'Make a key pair here' }).click()
  await mail.getByLabel('DKIM private key').waitFor()
  await page.screenshot({ path: '/tmp/x/mail.png' })
  await mail.getByRole('button', { name: 'Stage records' }).click()
  await page.getByText('3 changes not saved yet').waitFor()
  await page.screenshot({ path: '/tmp/x/dns1280.png', fullPage: true })
  await page.setViewportSize({ width: 390, height: 800 })
  await page.screenshot({ path: '/tmp/x/dns390.png', fullPage: true })
}, 120_000)

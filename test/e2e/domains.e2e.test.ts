import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { activePod } from '../rules/pods.ts'
import { startDns, type DnsServer } from '../support/dns.ts'
import { servedBy, serverOf } from '../support/dnsZones.ts'
import { LOOPBACK } from '../support/netbox.ts'
import { startPowerDns, type PowerDns } from '../support/powerdns.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let dns: DnsServer
let page: Page
let pdns: PowerDns
beforeAll(async () => {
  dns = await startDns()
  pdns = await startPowerDns()
  opened = await openApp({ ...LOOPBACK, MPANEL_DNS_SERVERS: dns.address })
  await serverOf(opened.app, pdns)
  page = await opened.page({ viewport: { width: 1280, height: 900 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(async () => {
  await opened?.close()
  await dns?.close()
  await pdns?.close()
})

/** A folder for pictures of the pages, for people to look at. */
const PICTURES = process.env['MPANEL_TEST_PICTURES']
async function picture(name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, `${name}.png`) })
}

it('a domain is added, proven while its page is open, and connected: served by DNS, with a certificate', async () => {
  const id = await opened.app.tenant()
  const { slug } = (await opened.app.admin.get<{ slug: string }>(`/api/admin/tenants/${id}`)).body
  await page.goto(`/t/${slug}/domains`)
  await page.getByRole('link', { name: 'Add domain' }).first().click()
  await page.getByLabel('Domain').fill('co.uk')
  await page.getByRole('button', { name: 'Add domain' }).click()
  await page.getByText('add one below it').first().waitFor()
  await page.getByLabel('Domain').fill('bücher.example')
  await page.getByRole('button', { name: 'Add domain' }).click()

  await page.getByRole('heading', { level: 1, name: 'bücher.example' }).waitFor()
  await page.getByRole('heading', { name: 'Prove that the domain is yours' }).waitFor()
  const value = (await page.getByTitle(/^mpanel-domain-proof=/).getAttribute('title')) ?? ''
  await page.getByRole('button', { name: 'Check now' }).click()
  await page.getByText('DNS has no TXT record at _mpanel.xn--bcher-kva.example.').waitFor()
  dns.txt.set('_mpanel.xn--bcher-kva.example', [value])
  await page.getByRole('button', { name: 'Check now' }).click()
  await page.getByText('Prove that the domain is yours').waitFor({ state: 'detached' })

  const pod = await activePod(opened.app, id, false)
  const { hostname } = (
    await opened.app.admin.get<{ hostname: string }>(`/api/admin/hosting/cloudpods/${pod.id}`)
  ).body
  await page.getByRole('button', { name: 'Connect' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('CloudPod', { exact: true }).click()
  await page.getByRole('option', { name: hostname }).click()
  await dialog
    .getByLabel('How the certificate comes into the CloudPod')
    .selectOption('Fetched by a program on it')
  await picture('connect')
  await dialog.getByRole('button', { name: 'Connect' }).click()
  await page.getByText('Fetched by an agent').waitFor()
  await page.getByText('Answer with these addresses').waitFor()
  await page.getByRole('link', { name: 'Issued' }).waitFor()
  expect(await servedBy(pdns, 'xn--bcher-kva.example.')).toHaveProperty('www.xn--bcher-kva.example. A')

  await page.getByRole('tab', { name: 'DNS' }).click()
  await page.getByRole('button', { name: 'Switch on' }).click()
  const signing = page.getByRole('dialog', { name: 'Switch DNSSEC on' })
  await signing.getByRole('button', { name: 'Switch on' }).click()
  await page.getByText('Being signed').waitFor()
  await page.getByRole('button', { name: 'Propose records' }).click()
  const mail = page.getByRole('dialog', { name: 'Records for e-mail' })
  await mail.getByLabel('This name sends and receives no mail').check()
  await mail.getByRole('button', { name: 'Stage records' }).click()
  await page.getByText('3 changes not saved yet').waitFor()
  await page.getByText('DMARC reports go to nobody').waitFor()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('3 changes not saved yet').waitFor({ state: 'detached' })

  await page.getByRole('tab', { name: 'Timeline' }).click()
  await page.getByText('Domain verified').first().waitFor()
  await page.goto('/t/all/domains?q=bücher')
  await page.getByRole('link', { name: 'bücher.example' }).waitFor()
})

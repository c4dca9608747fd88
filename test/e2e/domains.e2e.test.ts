import type { Page } from 'playwright-core'
import { afterAll, beforeAll, it } from 'vitest'
import { startDns, type DnsServer } from '../support/dns.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let dns: DnsServer
let page: Page
beforeAll(async () => {
  dns = await startDns()
  opened = await openApp({ MPANEL_DNS_SERVERS: dns.address })
  page = await opened.page({ viewport: { width: 1280, height: 900 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(async () => {
  await opened?.close()
  await dns?.close()
})

it('a domain is added, says what DNS must have, and is proven while its page is open', async () => {
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

  await page.getByRole('tab', { name: 'Timeline' }).click()
  await page.getByText('Domain verified').first().waitFor()
  await page.goto('/t/all/domains?q=bücher')
  await page.getByRole('link', { name: 'bücher.example' }).waitFor()
})

import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { WhmcsSim } from '../../sim/whmcs/server.ts'
import { clientIn, inWhmcs, whmcsOf } from '../support/whmcs.ts'
import { openApp, type OpenApp } from './browser.ts'

const PICTURES = process.env['MPANEL_TEST_PICTURES']
let opened: OpenApp
let page: Page
let sim: WhmcsSim
beforeAll(async () => {
  opened = await openApp()
  sim = await whmcsOf(opened.app)
  page = await opened.page()
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(async () => {
  await sim?.close()
  await opened?.close()
})

it('a WHMCS is added, shows what an import would do, and is imported, without anything running over the edge', async () => {
  const { app } = opened
  const tenantId = await app.tenant()
  const { slug } = (await app.admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body
  const clientid = String(clientIn(sim, { name: 'Grace Hopper' }))
  const made = await inWhmcs(sim, 'AddOrder', { clientid, 'pid[0]': '2' })
  sim.pay(Number(made['invoiceid']), 2590)

  await page.goto(`/t/${slug}/payment-providers`)
  await page.getByRole('button', { name: 'New provider' }).click()
  const adding = page.getByRole('dialog', { name: 'New payment provider' })
  await adding.getByLabel('Payments are').selectOption('whmcs')
  await adding.getByLabel('Address of WHMCS').fill(sim.url)
  await adding.getByLabel('API identifier').fill(sim.identifier)
  await adding.getByLabel('API secret').fill(sim.secret)
  await adding.getByLabel('Whose invoices count').selectOption('provider')
  await adding.getByRole('button', { name: 'Test the connection' }).click()
  await adding.getByText('The key works.').waitFor()
  await adding.getByRole('button', { name: 'Use this provider' }).click()
  await page.getByRole('button', { name: 'Show what it would do' }).click()
  await page.getByText('Comparison done').waitFor()
  await page.getByText('1 new').first().waitFor()
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await page.getByText('Import done').waitFor()
  await page.getByText('Grace Hopper').first().waitFor()
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 })
    if (PICTURES) await page.screenshot({ path: join(PICTURES, `whmcs-${width}.png`), fullPage: true })
    const wide = await page.evaluate<boolean>('document.documentElement.scrollWidth > window.innerWidth')
    expect(wide).toBe(false)
  }
})

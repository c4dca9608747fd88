import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { finished, until } from '../support/app.ts'
import { bodyOf, seller, type Seller } from '../integrations/world.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let shop: Seller
let slug: string
const KEY = 'whmcs:shop:4711'
beforeAll(async () => {
  opened = await openApp()
  const { app } = opened
  shop = await seller(app)
  slug = (await app.admin.get<{ slug: string }>(`/api/admin/tenants/${shop.tenantId}`)).body.slug
  for (const [key, hostname] of [
    [KEY, 'sold.example.com'],
    ['whmcs:shop:4712', 'other.example.com'],
  ] as const) {
    const { body } = await shop.put(key, await bodyOf(app, key.slice(-4), { hostname }))
    if (key === KEY) await finished(app.admin, body.job?.id ?? '')
  }
  const { body } = await shop.deed(KEY, 'suspend', { reason: 'Overdue' })
  await finished(app.admin, body.job?.id ?? '')
  page = await opened.page({ viewport: { width: 1360, height: 900 } })
  await opened.enter(page, await opened.user('TENANT_OWNER', shop.tenantId))
}, 120_000)
afterAll(() => opened?.close())

it('staff find a pod by the number of its service, see who sells and has suspended it, and can end that', async () => {
  await page.goto(`/t/${slug}/cloudpods`)
  await page.getByRole('row').filter({ hasText: 'other.example.com' }).waitFor()
  await page.getByLabel('Service number or key').fill('4711')
  await page.getByRole('row').filter({ hasText: 'other.example.com' }).waitFor({ state: 'detached' })
  expect(new URL(page.url()).searchParams.get('service')).toMatch(/4711/)
  await page.getByRole('link', { name: 'sold.example.com' }).click()
  await page.getByText('WHMCS, service 4711').waitFor()
  await page.getByText(KEY).first().waitFor()
  await page.getByText('suspended by WHMCS (Overdue)').filter({ visible: true }).waitFor()
  expect(await page.getByRole('button', { name: 'Start', exact: true }).getAttribute('aria-disabled')).toBe(
    'true',
  )
  await page.getByRole('button', { name: 'End the suspension' }).click()
  await until(async () => (await shop.show(KEY)).state === 'active', 'the pod to be brought back')
  await page.getByRole('button', { name: 'End the suspension' }).waitFor({ state: 'detached' })
})

import type { Page } from 'playwright-core'
import { sql } from 'kysely'
import { afterAll, beforeAll, it } from 'vitest'
import { shop, type Shop } from '../billing/world.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let seller: Shop
let slug: string
beforeAll(async () => {
  opened = await openApp()
  seller = await shop(opened.app)
  const [tenant] = await rowsOf(
    opened.app,
    sql<{ slug: string }>`select slug from tenants where id = ${seller.tenantId}`,
  )
  slug = tenant?.slug ?? ''
  page = await opened.page({ viewport: { width: 1360, height: 900 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

const usedUp = (next: number) =>
  rowsOf(
    opened.app,
    sql`insert into invoice_series (id, tenant_id, kind, prefix, next_no)
      values (gen_random_uuid(), ${seller.tenantId}, 'invoice', 'INV', ${next})
      on conflict (tenant_id, kind) do update set next_no = excluded.next_no`,
  )

it('books are compared at a click; what differs says what to do, is ignored with a reason, and is counted on the dashboard', async () => {
  await usedUp(3)
  await page.goto(`/t/${slug}/billing-findings`)
  await page.getByText('Books, contracts and providers say the same.').waitFor()
  await page.getByRole('button', { name: 'Compare now' }).click()
  await page.getByText('Comparison done').waitFor()
  await page.getByText('2 have none: INV-000001, INV-000002.').waitFor()
  await page.getByText('Numbers of documents must not have gaps.').waitFor()
  await page.goto(`/t/${slug}`)
  await page.getByRole('link', { name: 'Numbers without documents' }).click()
  await page.getByRole('heading', { level: 1, name: 'Billing findings' }).waitFor()
  await page.getByRole('button', { name: /^Ignore: Numbers without documents/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('Two were used up by a trial.')
  await dialog.getByRole('button', { name: 'Ignore' }).click()
  await page.getByText('No finding matches.').waitFor()
  await page.goto(`/t/${slug}/billing-findings?state=ignored`)
  await page.getByText('Two were used up by a trial.').waitFor()
  await usedUp(1)
  await page.getByRole('button', { name: 'Compare now' }).click()
  await page.getByText('0 found, 1 settled').waitFor()
  await page.goto(`/t/${slug}/billing-findings?state=closed`)
  await page.getByText('Two were used up by a trial.').waitFor()
})

import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page as ListPage } from '../../shared/api/common.ts'
import type { Customer } from '../../shared/api/customers.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let tenantId: string
let slug: string
beforeAll(async () => {
  opened = await openApp()
  tenantId = await opened.app.tenant()
  slug = (await opened.app.admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body.slug
  page = await opened.page()
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

const add = async (name: string, more: object = {}): Promise<Customer> => {
  const body = { tenantId, name, email: `${name.toLowerCase()}@example.com`, ...more }
  return (await opened.app.admin.post<Customer>('/api/admin/customers', body)).body
}
const heading = (name: string) => page.getByRole('heading', { level: 1, name }).waitFor()
const more = async (item: string) => {
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

it('somebody merges a customer into another, choosing what differs, and is led from the one to the other', async () => {
  const grace = await add('Grace')
  const ada = await add('Ada', { company: 'Analytical Engines' })
  await opened.app.admin.post(`/api/admin/customers/${ada.id}/notes`, { text: 'Pays by cheque.' })
  await page.goto(`/t/${slug}/customers/${grace.id}`)
  await heading('Grace')
  await more('Merge another customer')
  await heading('Merge customers')
  await page.getByLabel('Merge this customer').click()
  await page.getByLabel('Search: Customer').fill('ada')
  await page.getByRole('option', { name: /^Ada/ }).click()
  await page.getByText('Customer notes (1)').waitFor()
  const merge = page.getByRole('button', { name: 'Merge', exact: true })
  expect(await merge.getAttribute('aria-disabled')).toBe('true')
  await page
    .getByRole('group', { name: 'E-mail' })
    .getByRole('radio', { name: /Take that of Ada/ })
    .check()
  await page.getByLabel('Type Ada to confirm').fill('Ada')
  await merge.click()
  await heading('Grace')
  await page.getByText('ada@example.com').waitFor()
  await page.getByText('Analytical Engines').waitFor()
  await page.goto(`/t/${slug}/customers/${ada.id}`)
  await page.getByText('This customer was merged into another one.').waitFor()
  await page.getByRole('link', { name: 'Go to Grace' }).click()
  await heading('Grace')
  await page.getByRole('tab', { name: 'Timeline' }).click()
  await page.getByText('Customer merged', { exact: true }).waitFor()
})

it('a customer is closed after a look at what that means, opened again, and erased', async () => {
  const bob = await add('Bob')
  await page.goto(`/t/${slug}/customers/${bob.id}`)
  await heading('Bob')
  await more('Close')
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Nothing is live, and nothing is owed.').waitFor()
  await dialog.getByRole('button', { name: 'Close customer' }).click()
  await page.getByText('This customer is closed').waitFor()
  await more('Reopen')
  await dialog.getByRole('button', { name: 'Reopen' }).click()
  await page.getByText('This customer is closed').waitFor({ state: 'detached' })
  await more('Erase')
  await page.getByText('Close the customer first').last().waitFor()
  await more('Close')
  await dialog.getByRole('button', { name: 'Close customer' }).click()
  await page.getByText('This customer is closed').waitFor()
  await more('Erase')
  await dialog.getByLabel('Reason').fill('asked for')
  await dialog.getByLabel('Type Bob to confirm').fill('Bob')
  await dialog.getByRole('button', { name: 'Erase' }).click()
  await heading('Erased customer')
})

const upload = (csv: string) =>
  page
    .getByLabel('CSV file')
    .setInputFiles({ name: 'new.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })

it('a file is checked row by row, mended, imported, and downloaded again', async () => {
  await page.goto(`/t/${slug}/customers`)
  await page.getByRole('link', { name: 'Import' }).click()
  await heading('Import customers')
  await upload('name,email,country\r\nCarol,carol@example.com,IT\r\nDan,dan,XX\r\n')
  await page.getByRole('button', { name: 'Check the file' }).click()
  await page.getByText('1 created, 0 changed, 0 as they are, 1 refused').waitFor()
  await page.getByText('no country has this ISO 3166 code').waitFor()
  const button = page.getByRole('button', { name: 'Import', exact: true })
  expect(await button.getAttribute('aria-disabled')).toBe('true')
  await upload('name,email,country\r\nCarol,carol@example.com,IT\r\n=Dan,dan@example.com,DE\r\n')
  await page.getByRole('button', { name: 'Check the file' }).click()
  await page.getByText('2 created, 0 changed, 0 as they are').waitFor()
  await button.click()
  await page.getByText('Done: 2 created').waitFor()
  await page.getByRole('table', { name: 'Imports' }).getByRole('link', { name: 'new.csv' }).nth(1).waitFor()
  await page.getByRole('button', { name: 'Show the customers' }).click()
  await page.getByRole('link', { name: 'Carol' }).waitFor()
  const downloading = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Export CSV' }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toMatch(/^customers-.*\.csv$/)
  const chunks: Buffer[] = []
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  expect(text).toContain("'=Dan")
  const { body } = await opened.app.admin.get<ListPage<Customer>>(`/api/admin/customers?tenantId=${tenantId}`)
  expect(text.trim().split('\r\n')).toHaveLength(body.items.length + 1)
})

it('contacts and notes of a customer who has many are loaded as far as one wants to read', async () => {
  const zoe = await add('Zoe')
  await opened.app.as(async (ctx) => {
    await sql`insert into customer_contacts (id, tenant_id, customer_id, name, email, topics, created_at)
      select gen_random_uuid(), ${tenantId}, ${zoe.id}, 'Contact ' || n, n || '@example.com', '{general}', now()
      from generate_series(1, 120) n`.execute(ctx.tx)
    await sql`insert into customer_notes (id, tenant_id, customer_id, text, author, pinned, created_at)
      select gen_random_uuid(), ${tenantId}, ${zoe.id}, 'Note ' || n, 'x', n > 60, now() from generate_series(1, 120) n`.execute(
      ctx.tx,
    )
  })
  await page.goto(`/t/${slug}/customers/${zoe.id}?tab=contacts`)
  const rows = page.getByRole('table', { name: 'contacts' }).locator('tbody tr')
  const further = (what: string) => page.getByRole('button', { name: `Load more ${what}`, exact: true })
  for (const seen of [50, 100]) {
    await rows.nth(seen - 1).waitFor()
    expect(await rows.count()).toBe(seen)
    await further('contacts').click()
  }
  await rows.nth(119).waitFor()
  await further('contacts').waitFor({ state: 'detached' })
  await page.goto(`/t/${slug}/customers/${zoe.id}?tab=notes`)
  for (const [label, what] of [
    ['Pinned notes', 'pinned notes'],
    ['Notes', 'notes'],
  ] as const) {
    const notes = page.getByRole('list', { name: label, exact: true }).getByRole('listitem')
    await notes.nth(49).waitFor()
    expect(await notes.count()).toBe(50)
    await further(what).click()
    await notes.nth(59).waitFor()
  }
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Customer } from '../../shared/api/customers.ts'
import type { Tenant } from '../../shared/api/tenants.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

const BOX = { name: 'Search or jump to' } as const

let opened: OpenApp
let tenant: Tenant
beforeAll(async () => {
  opened = await openApp()
  const id = await opened.app.tenant()
  tenant = (await opened.app.admin.get<Tenant>(`/api/admin/tenants/${id}`)).body
  for (const name of ['Grace Hopper', 'Hoppler Söhne'])
    await opened.app.admin.post<Customer>('/api/admin/customers', {
      tenantId: id,
      name,
      email: `${name.split(' ')[0]}@example.com`,
    })
}, 120_000)
afterAll(() => opened?.close())

it('the palette opens by keyboard, finds a customer in spite of a typo, opens it, and remembers it', async () => {
  const page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('SUPER_ADMIN'))
  await page.getByRole('button', { name: 'Search' }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', BOX).waitFor()
  await page.waitForFunction('document.activeElement?.getAttribute("role") === "combobox"')
  await page.keyboard.type('gracce hoper')
  const hit = page.getByRole('group', { name: 'Customers' }).getByRole('option', { name: /Grace Hopper/ })
  await hit.waitFor()
  // Whose it is, as things of all tenants are shown.
  expect(await hit.textContent()).toContain(`Grace@example.com · ${tenant.name}`)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Grace Hopper' }).waitFor()

  await page.keyboard.press('Control+k')
  await page
    .getByRole('group', { name: 'Recent' })
    .getByRole('option', { name: /Grace Hopper/ })
    .waitFor()
})

it('the button in the top bar opens the search; the arrows choose among the hits', async () => {
  const page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('TENANT_OWNER', tenant.id))
  await page.getByRole('button', { name: 'Search' }).click()
  await page.getByRole('combobox', BOX).fill('hopp')
  await page.getByRole('option', { name: /Hoppler/ }).waitFor()
  const options = page.getByRole('group', { name: 'Customers' }).getByRole('option')
  expect(await options.count()).toBe(2)
  await page.keyboard.press('ArrowDown')
  const second = (await options.nth(1).textContent()) ?? ''
  await page.keyboard.press('Enter')
  const heading = page.getByRole('heading', { level: 1, name: /Hopp/ })
  await heading.waitFor()
  expect(second).toContain(await heading.textContent())
})

it('nothing found and a failure are said in words', async () => {
  const page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('TENANT_OWNER', tenant.id))
  await page.getByRole('button', { name: 'Search' }).click()
  await page.getByRole('combobox', BOX).fill('qqqxyz')
  await page.getByText('Nothing found for “qqqxyz”.').waitFor()
  await page.route('**/api/admin/search*', (route) => route.abort())
  await page.getByRole('combobox', BOX).fill('qqqxyzz')
  await page.getByRole('alert').getByText('The search did not work').waitFor()
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Tenant } from '../../shared/api/tenants.ts'
import { pay, prepareOrder, type Ordered } from '../support/api.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let tenant: Tenant
beforeAll(async () => {
  opened = await openApp()
  const id = await opened.app.tenant()
  tenant = (await opened.app.admin.get<Tenant>(`/api/admin/tenants/${id}`)).body
}, 120_000)
afterAll(() => opened?.close())

it('an owner begins at the dashboard, sees a number change while the pod is made, and what it counts by a click', async () => {
  const page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('TENANT_OWNER', tenant.id))
  await page.getByRole('heading', { level: 1, name: `Dashboard of ${tenant.name}` }).waitFor()
  const figures = page.getByRole('list', { name: 'Figures' })
  await figures.getByRole('link', { name: /^Active CloudPods\s*0/ }).waitFor()
  // What is compared with clusters is the platform's to see, what is compared with books is the tenant's.
  expect(await figures.getByRole('link', { name: /^Open findings/ }).count()).toBe(0)
  expect(await figures.getByRole('link', { name: /^Billing findings\s*0/ }).count()).toBe(1)

  const { admin } = opened.app
  const order = await prepareOrder(admin, tenant.id, { hostname: 'seen.example.com' })
  const { body } = await admin.post<Ordered>('/api/admin/billing/subscriptions', order)
  await pay(admin, body.invoice)
  // Nobody loads the page again.
  const tile = figures.getByRole('link', { name: /^Active CloudPods\s*1/ })
  await tile.waitFor()
  const states = page.getByRole('table', { name: 'CloudPods by state' })
  expect(await states.getByRole('row').allTextContents()).toEqual(['Active1'])
  await tile.click()
  await page.getByRole('heading', { level: 1, name: 'CloudPods' }).waitFor()
  await page.getByRole('link', { name: 'seen.example.com' }).waitFor()
  expect(await page.getByRole('row').count()).toBe(2)
  expect(new URL(page.url()).search).toBe('?state=active')
})

it('the set-up guide takes in who sells, and asks for tax rules until there are some', async () => {
  const page = await opened.page()
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
  await page.goto('/t/all/setup')
  const company = page.getByRole('region', { name: 'Your company on invoices' })
  await company.getByText('Nobody has said who sells').waitFor()
  await company.getByRole('button', { name: 'Say who sells' }).click()
  const dialog = page.getByRole('dialog', { name: 'Who sells' })
  await dialog.getByLabel('Legal name').fill('Example Hosting GmbH')
  await dialog.getByLabel('Street').fill('Musterstr. 1')
  await dialog.getByLabel('City').fill('Berlin')
  await dialog.getByLabel('Country').selectOption('Germany')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  await company.getByText('Nobody has said who sells').waitFor({ state: 'detached' })
  await company.getByText('There are no tax rules').waitFor()
  await opened.app.admin.post('/api/admin/billing/tax-rules', {
    destination: 'DE',
    category: 'S',
    ratePpm: 190_000,
    validFrom: '2020-01-01',
  })
  await page.reload()
  await company.getByText('Complete').waitFor()
})

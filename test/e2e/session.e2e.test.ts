import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page as ListPage } from '../../shared/api/common.ts'
import type { Tenant } from '../../shared/api/tenants.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let tenant: Tenant
beforeAll(async () => {
  opened = await openApp()
  const id = await opened.app.tenant()
  tenant = (await opened.app.admin.get<Tenant>(`/api/admin/tenants/${id}`)).body
}, 120_000)
afterAll(() => opened?.close())

it('a wrong password is refused in words, and the right one leads back to the page that was asked for', async () => {
  const page = await opened.page()
  const user = await opened.user('SUPPORT')
  await page.goto('/t/all/jobs?state=succeeded')
  await page.waitForURL('**/login?return=**')
  await logIn(page, { ...user, password: 'not this one' })
  await page.getByRole('alert').waitFor()
  await logIn(page, user)
  await page.waitForURL('**/t/all/jobs?state=succeeded')
  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'Log out' }).click()
  await page.waitForURL(/\/login$/)
  await page.goto('/t/all/jobs')
  await page.waitForURL('**/login?return=**')
})

it('a tenant user sees the places that are his, and no other tenant', async () => {
  const page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('TENANT_USER', tenant.id))
  await page.getByRole('heading', { level: 1, name: /^Dashboard/ }).waitFor()
  const places = await page.getByRole('navigation', { name: 'Main' }).getByRole('listitem').allTextContents()
  const business = [
    'Dashboard',
    'CloudPods',
    'Security groups',
    'Plans',
    'Add-ons',
    'Domains',
    'DNS templates',
    'Certificates',
  ]
  expect(places).toEqual([...business, 'Jobs', 'Blueprints', 'Tenants'])

  await page.goto(`/t/${tenant.slug}/customers`)
  await page.getByText('You do not have the permission customers:read.').waitFor()
  await page.goto('/t/all/cloudpods')
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
})

it('a customer whose creation was answered into the void is not made twice', async () => {
  const page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('SUPER_ADMIN'))
  const keys: (string | undefined)[] = []
  await page.route('**/api/admin/customers', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    keys.push(route.request().headers()['idempotency-key'])
    const response = await route.fetch()
    // The server has done it, but the browser never hears of it the first time.
    return keys.length === 1 ? route.abort() : route.fulfill({ response })
  })
  await page.goto(`/t/${tenant.slug}/customers/new`)
  await page.getByLabel('Name', { exact: true }).fill('Grace Hopper')
  await page.getByLabel('E-mail').fill('grace@example.com')
  await page.getByRole('button', { name: 'Create customer' }).click()
  await page.getByRole('heading', { level: 1, name: 'Grace Hopper' }).waitFor()

  expect(keys).toHaveLength(2)
  expect(keys[1]).toBe(keys[0])
  const list = await opened.app.admin.get<ListPage<{ name: string }>>(
    `/api/admin/customers?tenantId=${tenant.id}`,
  )
  expect(list.body.items.map(({ name }) => name)).toEqual(['Grace Hopper'])
})

it('pages say when live updates are interrupted', async () => {
  const page = await opened.page()
  await page.goto('/login')
  await logIn(page, await opened.user('SUPER_ADMIN'))
  await page.route('**/api/admin/provisioning/events*', (route) => route.abort())
  await page.goto('/t/all/jobs')
  await page.getByText('Live updates are interrupted').waitFor()
  await page.unroute('**/api/admin/provisioning/events*')
  await page.getByText('Live updates are interrupted').waitFor({ state: 'hidden' })
})

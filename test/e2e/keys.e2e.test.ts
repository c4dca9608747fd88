import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApi } from '../support/api.ts'
import { withToken } from '../users/factors.ts'
import { operator, REASON, type Operator } from '../users/operators.ts'
import { COOKIE, PASSWORD, person } from '../users/people.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let tenantId: string
let by: Operator
beforeAll(async () => {
  opened = await openApp()
  tenantId = await opened.app.tenant()
  by = await operator(opened.app)
}, 120_000)
afterAll(() => opened?.close())

/** A page of an operator who has just logged in with his second factor. */
async function pageAt(path: string) {
  const page = await opened.page()
  await page.goto('/login')
  await page.getByLabel('E-mail').fill(by.email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.getByLabel('Code', { exact: true }).fill(by.codes.pop() ?? '')
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.waitForURL(({ pathname }) => pathname !== '/login')
  await page.goto(path)
  return page
}

it('a user makes an API key, sees it once, uses, rotates and revokes it', async () => {
  const page = await pageAt('/t/all/account/api-keys')
  await page.getByText('No API keys').waitFor()
  await page.getByRole('button', { name: 'New key' }).click()
  const dialog = page.getByRole('dialog', { name: 'New API key' })
  await dialog.getByLabel('Name').fill('nightly report')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  await dialog.getByText('Choose at least one.').waitFor()
  await dialog.getByRole('group', { name: 'Customers' }).getByLabel('Read').check()
  await dialog.getByLabel('Only from these networks').fill('not a network')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  await dialog.getByText('a network such as 192.0.2.0/24, or an address').first().waitFor()
  await dialog.getByLabel('Only from these networks').fill('127.0.0.0/8')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const token = (await dialog.getByLabel('The new key').textContent()) ?? ''
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  const api = await createApi(opened.app.url, { key: token })
  expect((await api.get('/api/admin/customers')).status).toBe(200)
  expect((await api.get('/api/admin/tenants')).status).toBe(403)

  await page.getByRole('button', { name: 'Rotate nightly report' }).click()
  await page.getByLabel('The old key works on for').selectOption('Not at all')
  await page.getByRole('button', { name: 'Make the new key' }).click()
  const next = (await page.getByLabel('The new key').textContent()) ?? ''
  await page.getByRole('button', { name: 'I have kept it' }).click()
  expect((await api.get('/api/admin/customers')).status).toBe(401)
  const newer = await createApi(opened.app.url, { key: next })
  expect((await newer.get('/api/admin/customers')).status).toBe(200)

  await page.getByRole('button', { name: 'Revoke nightly report' }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('The key is revoked').waitFor()
  expect((await newer.get('/api/admin/customers')).status).toBe(401)
  await page.close()
}, 120_000)

it('an administrator makes a service account with a key', async () => {
  const page = await pageAt('/t/all/api-keys')
  await page.getByRole('button', { name: 'New service account' }).click()
  const dialog = page.getByRole('dialog', { name: 'New service account' })
  await dialog.getByLabel('Name').fill('Monitoring')
  await dialog.getByLabel('Role').selectOption('Support')
  await dialog.getByRole('button', { name: 'Make it' }).click()
  await page.getByRole('button', { name: 'New key: Monitoring' }).click()
  const keys = page.getByRole('dialog', { name: 'New key of Monitoring' })
  await keys.getByLabel('Name').fill('probe')
  await keys.getByRole('group', { name: 'Jobs' }).getByLabel('Read').check()
  await keys.getByRole('button', { name: 'Make the key' }).click()
  const token = (await keys.getByLabel('The new key').textContent()) ?? ''
  await keys.getByRole('button', { name: 'I have kept it' }).click()
  const api = await createApi(opened.app.url, { key: token })
  expect((await api.get('/api/admin/provisioning/jobs')).status).toBe(200)
  await page.getByRole('tab', { name: 'Keys' }).click()
  await page.getByText('probe').waitFor()
  await page.close()
}, 120_000)

it('an operator looks as a user: a banner says so, a change is refused, and stopping leads back', async () => {
  const user = await person(opened.app, 'TENANT_OWNER', tenantId)
  const page = await pageAt(`/t/all/tenants/${tenantId}`)
  await page.getByRole('button', { name: 'Act as a user' }).click()
  await page.getByLabel('User', { exact: true }).click()
  await page.getByRole('option', { name: user.email }).click()
  const dialog = page.getByRole('dialog', { name: `Act as ${user.email}` })
  await dialog.getByLabel('Reason').fill('why')
  await dialog.getByRole('button', { name: 'Begin' }).click()
  await dialog.getByText('at least 10 characters').waitFor()
  await dialog.getByLabel('Reason').fill(REASON)
  await dialog.getByRole('button', { name: 'Begin' }).click()
  const banner = page.getByRole('region', { name: 'Acting as somebody else' })
  await banner.getByText(`You look as ${user.email}`).waitFor()
  await banner.getByText(by.email).waitFor()

  const { value = '' } = (await page.context().cookies()).find(({ name }) => name === COOKIE) ?? {}
  const refused = await (
    await withToken(opened.app, value)
  ).post('/api/admin/customers', { tenantId, name: 'Ada', email: 'ada@example.com' })
  expect(refused.status).toBe(403)
  await page.goto(page.url().replace(/\/t\/([^/]+)\/.*/, '/t/$1/account/sessions'))
  await page.getByText('only the user can do this').waitFor()

  await banner.getByRole('button', { name: 'Stop' }).click()
  await banner.waitFor({ state: 'detached' })
  await page.waitForURL('**/t/all/**')
  await page.getByRole('button', { name: `Account of ${by.email}` }).waitFor()
  await page.close()
}, 120_000)

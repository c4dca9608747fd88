import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startDns, type DnsServer } from '../support/dns.ts'
import { CLIENT, realProvider, type RealProvider } from '../users/oidcServers.ts'
import { NETWORKS } from '../users/sso.ts'
import { logIn, openApp, type Credentials, type OpenApp } from './browser.ts'

let opened: OpenApp
let dns: DnsServer
let provider: RealProvider
let tenantId: string
let owner: Credentials
beforeAll(async () => {
  dns = await startDns()
  opened = await openApp({ ...NETWORKS, MPANEL_DNS_SERVERS: dns.address })
  opened.app.root.settings.publicUrl = opened.app.url
  provider = await realProvider()
  tenantId = await opened.app.tenant()
  owner = await opened.user('TENANT_OWNER', tenantId)
}, 120_000)
afterAll(async () => {
  await provider?.close()
  await dns?.close()
  await opened?.close()
})

/** What a person does at the provider. */
async function signOn(page: Page, subject: string): Promise<void> {
  await page.locator('input[name=login]').fill(subject)
  await page.locator('input[name=password]').fill('any')
  await page.locator('button[type=submit]').click()
  await page.locator('input[name=prompt][value=consent]').waitFor({ state: 'attached' })
  await page.locator('button[type=submit]').click()
}

/** The owner logs in, and goes to where providers are set up. @returns the tenant as it stands in addresses */
async function toProviders(page: Page): Promise<string> {
  await page.goto('/login')
  await logIn(page, owner)
  const [slug = ''] = /(?<=\/t\/)[^/]+/.exec(page.url()) ?? []
  await page.goto(`/t/${slug}/tenants/${tenantId}?tab=sso`)
  return slug
}

it('an owner sets up a provider and connects; after logging out, single sign-on opens the account', async () => {
  const page = await opened.page()
  const slug = await toProviders(page)
  await page.getByRole('button', { name: 'Add a provider' }).click()
  const form = page.getByRole('dialog', { name: 'Add an identity provider' })
  await form.getByLabel('Name').fill('Company')
  await form.getByLabel('Issuer').fill(provider.issuer)
  await form.getByLabel('Client id').fill(CLIENT.id)
  await form.getByLabel('Client secret').fill(CLIENT.secret)
  await form.getByLabel('E-mail domains').fill('company.example.com')
  await form.getByRole('button', { name: 'Add', exact: true }).click()
  const list = page.getByRole('list', { name: 'Identity providers' })
  await list.getByRole('heading', { name: 'Company' }).waitFor()
  provider.know(await redirectOf())
  await page.getByRole('button', { name: 'Check Company' }).click()
  await page.getByText('DNS has no TXT record at _mpanel.company.example.com.').first().waitFor()
  const record = (part: string) =>
    page
      .getByRole('button', { name: `Copy ${part} of the record for company.example.com` })
      .getAttribute('title')
  dns.txt.set((await record('name')) ?? '', [(await record('value')) ?? ''])
  await page.getByRole('button', { name: 'Check Company' }).click()
  await page.getByText('It answers as it should').waitFor()
  await page.getByText('company.example.com is not proven yet').waitFor({ state: 'detached' })

  await page.goto(`/t/${slug}/account/security`)
  await page.getByRole('button', { name: 'Connect Company' }).click()
  await signOn(page, 'alice')
  await page.getByText('Company, alice@example.com').waitFor()

  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'Log out' }).click()
  await page.waitForURL('**/login**')
  await page.goto(`/login?return=/t/${slug}/account/sessions`)
  await page.getByRole('button', { name: 'Single sign-on' }).click()
  await page.getByLabel('Work e-mail').fill('somebody@company.example.com')
  await page.getByRole('button', { name: 'Go to the log-in' }).click()
  // The provider still knows her from before.
  await page.getByRole('heading', { level: 1, name: 'Sessions' }).waitFor()
  await page.getByRole('cell', { name: 'Single sign-on' }).waitFor()
  await page.context().close()
})

/** What the page shows to be entered at the provider. */
async function redirectOf(): Promise<string> {
  const { body } = await opened.app.admin.get<{ items: { redirectUri: string }[] }>(
    '/api/admin/sso-providers',
  )
  return body.items[0]?.redirectUri ?? ''
}

it('an e-mail that leads nowhere, and an identity that nobody has connected, are told in words', async () => {
  const page = await opened.page()
  await page.goto('/login')
  await page.getByRole('button', { name: 'Single sign-on' }).click()
  await page.getByLabel('Work e-mail').fill('somebody@nowhere.example.com')
  await page.getByRole('button', { name: 'Go to the log-in' }).click()
  await page.getByText('There is no single sign-on for this e-mail').waitFor()
  await page.getByLabel('Work e-mail').fill('mallory@company.example.com')
  await page.getByRole('button', { name: 'Go to the log-in' }).click()
  await signOn(page, 'mallory')
  await page.getByText('This identity is not connected with an account').waitFor()
  await page.context().close()
})

it('an owner lets people sign up; somebody new comes in, and proves later at the provider that it is him', async () => {
  const page = await opened.page()
  const slug = await toProviders(page)
  await page.getByRole('button', { name: 'Edit Company' }).click()
  const form = page.getByRole('dialog', { name: 'Edit the identity provider' })
  await form.getByLabel('People without an account get one').check()
  await form.getByRole('button', { name: 'Save' }).click()
  await form.getByText('This is needed.').waitFor()
  await form.getByLabel('Role of who signs up').selectOption({ label: 'Tenant user' })
  await form.getByRole('button', { name: 'Save' }).click()
  await page.getByText('gets one, as Tenant user').waitFor()
  await page.context().close()

  // From now on the provider says that e-mails of the company are verified.
  provider.know(await redirectOf(), 'company.example.com')
  const theirs = await opened.page()
  await theirs.goto(`/login?return=/t/${slug}/account/security`)
  await theirs.getByRole('button', { name: 'Single sign-on' }).click()
  await theirs.getByLabel('Work e-mail').fill('newcomer@company.example.com')
  await theirs.getByRole('button', { name: 'Go to the log-in' }).click()
  await signOn(theirs, 'newcomer')
  await theirs.getByText('Company, newcomer@company.example.com').waitFor()

  await opened.app.as(({ tx }) =>
    sql`update sessions set verified_at = now() - interval '1 hour'`.execute(tx),
  )
  await theirs.getByRole('button', { name: 'Set up an authenticator app' }).click()
  const proof = theirs.getByRole('dialog', { name: 'Is it you?' })
  await proof.getByRole('button', { name: 'Confirm with Company' }).waitFor()
  expect(await proof.getByLabel('Your password').count()).toBe(0)
  await proof.getByRole('button', { name: 'Confirm with Company' }).click()
  // It knows him from before, and asks nevertheless.
  await theirs.locator('input[name=login]').fill('newcomer')
  await theirs.locator('input[name=password]').fill('any')
  await theirs.locator('button[type=submit]').click()
  await theirs.getByText('You have proven that it is you').waitFor()
  expect(new URL(theirs.url()).pathname + new URL(theirs.url()).search).toBe(`/t/${slug}/account/security`)
  await theirs.getByRole('button', { name: 'Set up an authenticator app' }).click()
  await theirs.getByRole('img', { name: 'QR code of the secret' }).waitFor()
  await theirs.context().close()
})

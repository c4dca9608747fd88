import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newId } from '../../src/lib/ids.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

const PASSWORD = 'Gull-Orbit-Teapot-77'
let opened: OpenApp
beforeAll(async () => {
  opened = await openApp()
}, 120_000)
afterAll(() => opened?.close())

/** Opens the newest kept mail to an address, and answers where its link leads on this server. */
async function linkOf(page: Page, email: string): Promise<string> {
  await page.goto(`/t/all/mail?q=${encodeURIComponent(email)}&state=kept`)
  for (let waited = 0; waited < 20; waited++) {
    if ((await page.getByRole('button', { name: /^Open mail:/ }).count()) > 0) break
    await page.waitForTimeout(250)
    await page.reload()
    await page.locator('[aria-busy=false]').first().waitFor()
  }
  await page
    .getByRole('button', { name: /^Open mail:/ })
    .first()
    .click()
  const link = page.getByRole('dialog').getByRole('link')
  const { pathname, hash } = new URL((await link.getAttribute('href')) ?? '')
  return pathname + hash
}

it('somebody is invited, reads the mail in the outbox, accepts and logs in', async () => {
  const tenantId = await opened.app.tenant()
  const admin = await opened.page()
  await opened.enter(admin, await opened.user('SUPER_ADMIN'))
  await admin.goto(`/t/all/tenants/${tenantId}?tab=members`)
  await admin.getByText('No members yet').waitFor()
  const email = `grace-${newId().slice(-12)}@example.com`
  await admin.getByRole('button', { name: 'Invite' }).click()
  const dialog = admin.getByRole('dialog')
  await dialog.getByLabel('E-mail').fill(email)
  await dialog.getByLabel('Role').selectOption({ label: 'Tenant owner' })
  await dialog.getByRole('button', { name: 'Invite' }).click()
  await admin.getByRole('cell', { name: email, exact: true }).waitFor()
  const address = await linkOf(admin, email)
  expect(address).toMatch(/^\/invitation#t=/)

  const guest = await opened.page()
  await guest.goto(address)
  await guest.getByLabel('Your name').fill('Grace Hopper')
  expect(new URL(guest.url()).hash).toBe('')
  await guest.getByLabel('Choose a password').fill(PASSWORD)
  await guest.getByRole('button', { name: 'Accept and make my account' }).click()
  await guest.getByText('The invitation is accepted').waitFor()
  await guest.getByRole('link', { name: 'Log in' }).click()
  await logIn(guest, { email, password: PASSWORD })
  await guest.waitForURL(/\/t\/t-/)
  await admin.goto(`/t/all/tenants/${tenantId}?tab=members`)
  await admin.getByRole('cell', { name: /Grace Hopper/ }).waitFor()
  await admin.context().close()
  await guest.context().close()
})

it('who forgot the password gets a link, sets a new one and logs in with it', async () => {
  const user = await opened.user('SUPPORT')
  const page = await opened.page()
  await page.goto('/login')
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  // Both pages ask for the e-mail: what is typed into the one that is left is lost.
  await page.getByRole('heading', { level: 1, name: 'Forgot your password?' }).waitFor()
  await page.getByLabel('E-mail').fill(user.email)
  await page.getByRole('button', { name: 'Send the link' }).click()
  await page.getByText('Look into your mailbox').waitFor()
  const admin = await opened.page()
  await opened.enter(admin, await opened.user('SUPER_ADMIN'))
  const address = await linkOf(admin, user.email)
  await page.goto(address)
  await page.getByLabel('New password').fill('password1234')
  await page.getByRole('button', { name: 'Set the password' }).click()
  await page.locator('[aria-invalid=true]').waitFor()
  await page.getByLabel('New password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set the password' }).click()
  await page.getByText('The password is set').waitFor()
  await page.getByRole('link', { name: 'Log in' }).click()
  await logIn(page, { email: user.email, password: PASSWORD })
  await page.goto(address)
  await page.getByLabel('New password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set the password' }).click()
  await page.getByText('This link does not count any more').waitFor()
  await admin.context().close()
  await page.context().close()
})

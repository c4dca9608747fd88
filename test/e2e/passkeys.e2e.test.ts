import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
/** Passkeys are bound to a name, so the pages are opened under one. */
let origin: string
beforeAll(async () => {
  opened = await openApp()
  origin = opened.app.url.replace('127.0.0.1', 'localhost')
  opened.app.root.settings.publicUrl = origin
}, 120_000)
afterAll(() => opened?.close())

/** Gives the browser of a page an authenticator that unlocks itself. */
async function plugIn(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

it('a passkey is added in the pages, logs in alone and after the password, and proves who it is', async () => {
  const page = await opened.page({ baseURL: origin })
  await plugIn(page)
  const user = await opened.user('SUPPORT')
  await page.goto('/login')
  await logIn(page, user)
  await page.goto('/t/all/account/security')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  const adding = page.getByRole('dialog', { name: 'Add a passkey' })
  await adding.getByLabel('Name').fill('Laptop')
  await adding.getByRole('button', { name: 'Go on' }).click()
  const codes = page.getByRole('list', { name: 'Recovery codes' })
  await codes.waitFor()
  expect(await codes.getByRole('listitem').count()).toBe(10)
  await page.getByRole('button', { name: 'I have kept them' }).click()
  await page.getByRole('list', { name: 'Passkeys' }).getByText('Laptop').waitFor()

  await page.getByRole('button', { name: 'Rename Laptop' }).click()
  const renaming = page.getByRole('dialog', { name: 'Rename the passkey' })
  await renaming.getByLabel('Name').fill('Work laptop')
  await renaming.getByRole('button', { name: 'Rename' }).click()
  await page.getByRole('list', { name: 'Passkeys' }).getByText('Work laptop').waitFor()

  await page.context().clearCookies()
  await page.goto('/login?return=/t/all/account/sessions')
  await page.getByRole('button', { name: 'Log in with a passkey' }).click()
  await page.getByRole('heading', { level: 1, name: 'Sessions' }).waitFor()

  await page.context().clearCookies()
  await page.goto('/login?return=/t/all/account/security')
  await page.getByLabel('E-mail').fill(user.email)
  await page.getByLabel('Password').fill(user.password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByRole('heading', { level: 1, name: 'Security' }).waitFor()

  opened.app.clock.offsetMs += 11 * 60_000
  await page.getByRole('button', { name: 'Remove Work laptop' }).click()
  await page
    .getByRole('dialog', { name: 'Remove the passkey' })
    .getByRole('button', { name: 'Remove' })
    .click()
  const proof = page.getByRole('dialog', { name: 'Is it you?' })
  await proof.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByText('No passkeys').waitFor()
  await page.context().close()
})

it('without a passkey for this page the log-in says so, and under an address the button says why not', async () => {
  const page = await opened.page({ baseURL: origin })
  await plugIn(page)
  await page.goto('/login')
  await page.getByRole('button', { name: 'Log in with a passkey' }).click()
  await page.getByRole('alert').getByText('The passkey was not used').waitFor()
  await page.goto(`${opened.app.url}/login`)
  const button = page.getByRole('button', { name: 'Log in with a passkey' })
  expect(await button.getAttribute('aria-disabled')).toBe('true')
  await page.context().close()
})

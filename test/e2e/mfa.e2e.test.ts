import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { codeOf } from '../users/factors.ts'
import { setMfaPolicy } from '../users/people.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
beforeAll(async () => {
  opened = await openApp()
}, 120_000)
afterEach(() => {
  opened.app.clock.offsetMs = 0
})
afterAll(() => opened?.close())

it('a user sets up an authenticator app in the pages, and logs in with it', async () => {
  const page = await opened.page()
  const user = await opened.user('SUPPORT')
  await page.goto('/login')
  await logIn(page, user)
  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'My account' }).click()
  await page.getByRole('heading', { level: 1, name: 'Security' }).waitFor()
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  await page.getByRole('img', { name: 'QR code of the secret' }).waitFor()
  const secret = (await page.locator('code').textContent()) ?? ''
  await page.getByLabel('Code', { exact: true }).fill('000000')
  await page.getByRole('button', { name: 'Turn on' }).click()
  await page.getByRole('alert').waitFor()
  await page.getByLabel('Code', { exact: true }).fill(codeOf(opened.app, secret))
  await page.getByRole('button', { name: 'Turn on' }).click()
  const list = page.getByRole('list', { name: 'Recovery codes' })
  await list.waitFor()
  const codes = await list.getByRole('listitem').allTextContents()
  expect(codes).toHaveLength(10)
  await page.getByRole('button', { name: 'I have kept them' }).click()
  await page.getByText('You have 10 unused recovery codes').waitFor()

  await page.context().clearCookies()
  await page.goto('/login')
  await page.getByLabel('E-mail').fill(user.email)
  await page.getByLabel('Password').fill(user.password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.getByLabel('Code', { exact: true }).fill(codes[0] ?? '')
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.waitForURL(({ pathname }) => pathname !== '/login')
  await page.close()
})

it('a change that needs a fresh proof asks for it in a dialog, and then happens', async () => {
  const page = await opened.page()
  const user = await opened.user('SUPPORT')
  await opened.enter(page, user)
  opened.app.clock.offsetMs += 11 * 60_000
  await page.goto('/t/all/account/security')
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  const proof = page.getByRole('dialog', { name: 'Is it you?' })
  await proof.getByLabel('Your password').fill('not this one')
  await proof.getByRole('button', { name: 'Go on' }).click()
  await proof.getByRole('alert').waitFor()
  await proof.getByLabel('Your password').fill(user.password)
  await proof.getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('img', { name: 'QR code of the secret' }).waitFor()
  await page.close()
})

it('a user whose role needs a second step is led to its set-up from everywhere, and freed by it', async () => {
  await setMfaPolicy(opened.app, 'SUPPORT', true)
  const page = await opened.page()
  await opened.enter(page, await opened.user('SUPPORT'))
  await page.goto('/t/all/jobs')
  await page.getByText('Set up a second step first').waitFor()
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  await page.getByRole('img', { name: 'QR code of the secret' }).waitFor()
  const secret = (await page.locator('code').textContent()) ?? ''
  await page.getByLabel('Code', { exact: true }).fill(codeOf(opened.app, secret))
  await page.getByRole('button', { name: 'Turn on' }).click()
  await page.getByRole('button', { name: 'I have kept them' }).click()
  await page.getByText('Set up a second step first').waitFor({ state: 'detached' })
  await page.goto('/t/all/jobs')
  await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor()
  await setMfaPolicy(opened.app, 'SUPPORT', false)
  await page.close()
})

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { logIn, openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
beforeAll(async () => {
  opened = await openApp()
  page = await opened.page()
}, 120_000)
afterAll(() => opened?.close())

const languageOfPage = (at: Page = page): Promise<string> => at.evaluate('document.documentElement.lang')

it('a browser that asks for German gets it, also what is refused, and one that asks for what there is not gets English', async () => {
  const german = await opened.page({ locale: 'de-AT' })
  await german.goto('/login')
  await german.getByRole('button', { name: 'Anmelden', exact: true }).waitFor()
  expect(await languageOfPage(german)).toBe('de')
  // What the API says in English is said in German, too.
  await german.getByLabel('E-Mail').fill('nobody@example.com')
  await german.getByLabel('Passwort', { exact: true }).fill('is not the right one')
  await german.getByRole('button', { name: 'Anmelden', exact: true }).click()
  await german.getByText('E-Mail oder Passwort ist falsch, oder es wurde zu oft versucht.').waitFor()
  await german.getByRole('button', { name: 'English' }).click()
  await german.getByRole('button', { name: 'Log in', exact: true }).waitFor()

  const french = await opened.page({ locale: 'fr-FR' })
  await french.goto('/login')
  await french.getByRole('button', { name: 'Log in', exact: true }).waitFor()
  expect(await languageOfPage(french)).toBe('en')
})

it('the language chosen in the account menu holds for every page, its codes, numbers and dates, until another is chosen', async () => {
  await opened.app.tenant()
  await page.goto('/login')
  await logIn(page, await opened.user('SUPER_ADMIN'))
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitemradio', { name: 'Deutsch' }).click()
  await page.getByRole('button', { name: /^Konto von/ }).waitFor()
  expect(await languageOfPage()).toBe('de')

  await page.goto('/t/all/tenants')
  await page.getByRole('columnheader', { name: 'Mandant' }).waitFor()
  await page.goto('/t/all/audit')
  await page.getByText('Mandant angelegt').first().waitFor()
  expect(await page.locator('time').first().innerText()).toMatch(/^\d\d\.\d\d\.\d{4}, /)

  await page.getByRole('button', { name: /^Konto von/ }).click()
  await page.getByRole('menuitemradio', { name: 'English' }).click()
  await page.getByRole('button', { name: /^Account of/ }).waitFor()
  await page.getByText('Tenant created').first().waitFor()
  expect(await languageOfPage()).toBe('en')
})

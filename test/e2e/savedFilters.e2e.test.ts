import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
beforeAll(async () => {
  opened = await openApp()
  page = await opened.page()
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(() => opened?.close())

const saved = () => page.getByRole('button', { name: 'Saved filters' })

it('a filter is saved under a name, chosen from another state of the list, and removed', async () => {
  await page.goto('/t/all/customers')
  await saved().click()
  await page.getByRole('menuitem', { name: 'Save or remove filters' }).click()
  const dialog = page.getByRole('dialog', { name: 'Saved filters' })
  await dialog.getByRole('button', { name: 'Save' }).and(page.locator('[aria-disabled=true]')).waitFor()
  await dialog.getByRole('button', { name: 'Back' }).click()

  await page.getByLabel('State').selectOption('closed')
  await page.waitForURL(/state=closed/)
  await saved().click()
  await page.getByRole('menuitem', { name: 'Save or remove filters' }).click()
  await dialog.getByLabel('Name').fill('Those that left')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Filter: Those that left' }).waitFor()

  await page.getByLabel('State').selectOption('')
  await saved().click()
  await page.getByRole('menuitem', { name: 'Those that left' }).click()
  await page.waitForURL(/state=closed/)
  expect(await page.getByLabel('State').inputValue()).toBe('closed')

  // Another list has others.
  await page.goto('/t/all/subscriptions')
  await saved().click()
  await page.getByRole('menuitem', { name: 'Save or remove filters' }).waitFor()
  expect(await page.getByRole('menuitem').allTextContents()).toEqual(['Save or remove filters'])

  await page.goto('/t/all/customers')
  await saved().click()
  await page.getByRole('menuitem', { name: 'Save or remove filters' }).click()
  await dialog.getByRole('button', { name: 'Remove Those that left' }).click()
  await dialog.getByRole('button', { name: 'Remove Those that left' }).waitFor({ state: 'detached' })
})

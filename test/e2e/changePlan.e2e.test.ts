import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { delivered, showPod, showSubscription, type Placed } from '../cloudPods/faults.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let placed: Placed
beforeAll(async () => {
  opened = await openApp()
  // A day of a period has its price: all of this happens on one day, whenever it runs.
  opened.app.clock.offsetMs = new Date().setUTCHours(36, 0, 0, 0) - Date.now()
  placed = await delivered(opened.app)
  page = await opened.page()
  await opened.enter(page, await opened.user('BILLING'))
}, 120_000)
afterAll(() => opened?.close())

it('a person sees what a larger plan comes to, changes to it, plans another price for the next period and takes that back', async () => {
  await page.goto(`/t/all/subscriptions/${placed.subscription.id}`)
  await page.getByRole('button', { name: 'Change plan' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change the plan or price' })
  expect(await dialog.getByRole('button', { name: 'Change now' }).getAttribute('aria-disabled')).toBe('true')
  await dialog.getByRole('radio', { name: /^Medium/ }).check()
  const comes = dialog.getByRole('region', { name: 'What it comes to' })
  await comes.getByText('€5.00').waitFor()
  await comes.getByText('becomes 2 cores').waitFor()
  await dialog.getByLabel('Restart the machine at once').check()
  await dialog.getByRole('button', { name: 'Change now' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByText('Medium (medium)').waitFor()
  await page.getByText('The plan is being changed').waitFor({ state: 'detached' })
  expect(await showPod(opened.app, placed.podId)).toMatchObject({ cores: 2, memoryMb: 4096, diskGb: 40 })

  await page.getByRole('button', { name: 'Change plan' }).click()
  await dialog.getByLabel('When').selectOption('period_end')
  await dialog.getByLabel('Price').selectOption({ label: '€99.90 a year' })
  await comes.getByText('€99.90').first().waitFor()
  await dialog.getByRole('button', { name: 'Plan the change' }).click()
  await page.getByText('A change is planned', { exact: true }).waitFor()
  await page.getByRole('tab', { name: 'What happens next' }).click()
  await page.getByText('with it the planned plan and price').waitFor()
  await page.getByRole('button', { name: 'Cancel the change' }).click()
  await page.getByText('A change is planned', { exact: true }).waitFor({ state: 'detached' })
  expect((await showSubscription(opened.app, placed.subscription.id)).change).toBeNull()
}, 120_000)

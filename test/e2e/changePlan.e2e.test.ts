import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { delivered, showPod, showSubscription, type Placed } from '../cloudPods/faults.ts'
import { openApp, type OpenApp } from './browser.ts'

const DAY_MS = 86_400_000
let opened: OpenApp
let page: Page
let placed: Placed
beforeAll(async () => {
  opened = await openApp()
  placed = await delivered(opened.app)
  page = await opened.page()
  await opened.enter(page, await opened.user('BILLING'))
}, 120_000)
afterAll(() => opened?.close())

/** What is left of €9.99 for the period, less what is left of €4.99: all of it, unless midnight has passed since the delivery. */
async function differenceToday(): Promise<string> {
  const { periodStart, periodEnd } = await showSubscription(opened.app, placed.subscription.id)
  const [from, to] = [Date.parse(periodStart ?? ''), Date.parse(periodEnd ?? '')]
  const days = Math.round((to - from) / DAY_MS)
  const gone = Math.floor((opened.app.root.now().getTime() - from) / DAY_MS)
  const left = (cents: number): number => cents - Math.round((cents * gone) / days)
  return `€${((left(999) - left(499)) / 100).toFixed(2)}`
}

it('a person sees what a larger plan comes to, changes to it, plans another price for the next period and takes that back', async () => {
  await page.goto(`/t/all/subscriptions/${placed.subscription.id}`)
  await page.getByRole('button', { name: 'Change plan' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change the plan or price' })
  expect(await dialog.getByRole('button', { name: 'Change now' }).getAttribute('aria-disabled')).toBe('true')
  await dialog.getByRole('radio', { name: /^Medium/ }).check()
  const comes = dialog.getByRole('region', { name: 'What it comes to' })
  await comes.getByText('becomes 2 cores').waitFor()
  await comes
    .getByText(await differenceToday())
    .first()
    .waitFor()
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

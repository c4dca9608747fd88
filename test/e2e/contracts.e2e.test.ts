import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { delivered, showSubscription, type Placed } from '../cloudPods/faults.ts'
import { openApp, type OpenApp } from './browser.ts'

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

const pathOf = (tab = ''): string => `/t/all/subscriptions/${placed.subscription.id}${tab}`

it('a page says what happens to a subscription on which day, paid or not', async () => {
  await page.goto(pathOf('?tab=next'))
  await page.getByText('An invoice is issued').first().waitFor()
  expect(await page.getByText('The CloudPod is switched off').count()).toBe(0)
  await page.getByLabel('If invoices are').selectOption('unpaid')
  await page.getByText('The CloudPod is switched off').waitFor()
  expect(new URL(page.url()).searchParams.get('assume')).toBe('unpaid')
})

it('a person holds a subscription for a while, releases it, and takes a cancellation back', async () => {
  await page.goto(pathOf())
  await page.getByRole('button', { name: 'Hold', exact: true }).click()
  const hold = page.getByRole('dialog', { name: 'Hold the subscription' })
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
  await hold.getByLabel('Until the end of').fill(tomorrow)
  await hold.getByLabel('Reason').fill('He pays on Friday.')
  await hold.getByRole('button', { name: 'Hold', exact: true }).click()
  await page.getByText('He pays on Friday.').waitFor()
  await page.getByRole('button', { name: 'Release hold' }).click()
  const release = page.getByRole('dialog', { name: 'Release the hold' })
  await release.getByLabel('Reason').fill('He has paid.')
  await release.getByRole('button', { name: 'Release', exact: true }).click()
  await page.getByText('He pays on Friday.').waitFor({ state: 'detached' })

  await page.getByRole('button', { name: 'Cancel subscription' }).click()
  const cancel = page.getByRole('dialog', { name: 'Cancel the subscription' })
  await cancel.getByRole('button', { name: 'Cancel at period end' }).click()
  await page.getByRole('button', { name: 'Take cancellation back' }).click()
  await page.getByRole('button', { name: 'Take cancellation back' }).waitFor({ state: 'detached' })
  const shown = await showSubscription(opened.app, placed.subscription.id)
  expect(shown).toMatchObject({ state: 'active', cancelAt: null, hold: null })

  await page.goto(pathOf('?tab=timeline'))
  await page.getByText('Subscription uncancelled').waitFor()
  await page.getByText(/^Payment of/).waitFor()
  await page.getByText('Create CloudPod: succeeded').waitFor()
})

it('a person pauses a subscription, having seen what that does, and resumes it', async () => {
  await page.goto(pathOf())
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  const pause = page.getByRole('dialog', { name: 'Pause the subscription' })
  await pause.getByText('They come after the pause').waitFor()
  const inTenDays = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10)
  await pause.getByLabel('Resume on').fill(inTenDays)
  await pause.getByText('the period then lasts until').waitFor()
  await pause.getByLabel('Reason').fill('He is away.')
  await pause.getByRole('button', { name: 'Pause', exact: true }).click()
  await page.getByText('the CloudPod was proven to be off').waitFor()
  await page.getByRole('button', { name: 'Resume', exact: true }).click()
  const resume = page.getByRole('dialog', { name: 'Resume the subscription' })
  await resume.getByLabel('Reason').fill('He is back.')
  await resume.getByRole('button', { name: 'Resume', exact: true }).click()
  await page.getByText('Delivered. The current period').waitFor()
})

it('a tenant gets days of its own for unpaid invoices, which are checked where they are typed', async () => {
  const { slug } = (await opened.app.admin.get<{ slug: string }>(`/api/admin/tenants/${placed.tenantId}`))
    .body
  await page.goto(`/t/${slug}/dunning`)
  await page.getByRole('button', { name: 'Days of their own' }).click()
  const dialog = page.getByRole('dialog', { name: 'Days of their own' })
  await dialog.getByLabel('Suspended after so many days').fill('5')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('Reminders come before the suspension').first().waitFor()
  await dialog.getByLabel('Reminders after so many days').fill('2, 4')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('On the first day, and after 2, 4 days').waitFor()
  await page.getByText('After 5 days').waitFor()
  await page.getByRole('button', { name: 'Remove' }).click()
  await page.getByText('After 5 days').waitFor({ state: 'detached' })
})

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { verifyWebhook } from '../../packages/client/src/webhooks.ts'
import { startReceiver, type Receiver } from '../audit/receiver.ts'
import { until } from '../support/app.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  opened = await openApp({ MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8' })
  page = await opened.page({ viewport: { width: 1360, height: 1100 } })
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(async () => {
  receiver?.close()
  await opened?.close()
})

const button = (name: string) => page.getByRole('button', { name, exact: true })
// Not the note that something was done, which is one as well.
const dialog = () => page.locator('[role=dialog]:not([aria-modal=false])')
const shownSecret = () =>
  dialog()
    .getByTitle(/^whsec_/)
    .getAttribute('title')

it('a webhook is made for chosen kinds, tested, repaired, given another secret and deleted', async () => {
  await page.goto('/t/all/audit')
  await page.getByRole('link', { name: 'Webhooks', exact: true }).click()
  await page.getByText('No program is told of anything yet').waitFor()
  await button('New webhook').click()
  await dialog().getByLabel('Address').fill('example')
  await button('Create').click()
  await dialog().getByText('https://…, without user name and password', { exact: true }).waitFor()
  await dialog().getByLabel('Address').fill(`${receiver.url}/shop`)
  await dialog().getByLabel('Description').fill('The shop')
  await dialog().getByLabel('Every kind of event').click()
  await dialog().getByLabel('Find kinds of events').fill('customer cr')
  await dialog().getByLabel('CUSTOMER_CREATED').click()
  await dialog().getByText('1 kind chosen').waitFor()
  await button('Create').click()
  const secret = await shownSecret()
  await page.keyboard.press('Escape')

  await page.getByRole('link', { name: `${receiver.url}/shop` }).click()
  receiver.answers.set('/shop', { status: 500, body: 'The shop is being repaired.' })
  await button('Send a test event').click()
  await page.getByText('The shop is being repaired.').waitFor()
  await page.getByText('failing', { exact: true }).waitFor()
  receiver.answers.delete('/shop')
  await button('Replay AUDIT_WEBHOOK_TESTED').click()
  await page.getByText('delivered', { exact: true }).waitFor()
  await page.getByText('up to date').waitFor()
  const last = receiver.received.at(-1)
  expect((await verifyWebhook(last?.headers ?? {}, last?.body ?? '', secret ?? '')).type).toBe(
    'AUDIT_WEBHOOK_TESTED',
  )

  await button('New secret').click()
  await button('Make a new secret').click()
  const second = await shownSecret()
  expect(second).not.toBe(secret)
  await page.keyboard.press('Escape')
  await page.getByText('The former secret signs until').waitFor()

  await button('Change').click()
  await dialog().getByLabel('Every kind of event').click()
  await button('Save').click()
  await button('Disable').click()
  await page.getByText('It is told of nothing.').waitFor()
  expect(await button('Send a test event').getAttribute('aria-disabled')).toBe('true')
  await button('Enable').click()
  // The last changes of the webhook itself are events as well.
  await until(
    async () => receiver.received.some(({ event }) => event.type === 'AUDIT_WEBHOOK_UPDATED'),
    'an event of meanwhile',
  )
  await button('Replay what failed').click()
  await dialog().getByRole('button', { name: 'Replay' }).click()
  await page.getByText('0 deliveries are made once more').waitFor()

  await button('Delete').click()
  await dialog()
    .getByLabel(/to confirm/)
    .fill('127.0.0.1')
  await dialog().getByRole('button', { name: 'Delete' }).click()
  await page.getByText('No program is told of anything yet').waitFor()
})

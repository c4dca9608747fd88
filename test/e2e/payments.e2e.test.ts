import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BillingProvider } from '../../shared/api/billingPayments.ts'
import type { StripeSim } from '../../sim/stripe/server.ts'
import { prepareOrder, type Ordered } from '../support/api.ts'
import { HOOK_SECRET, stripeOf } from '../support/stripe.ts'
import { openApp, type OpenApp } from './browser.ts'

let opened: OpenApp
let page: Page
let sim: StripeSim
beforeAll(async () => {
  opened = await openApp()
  opened.app.root.settings.publicUrl = opened.app.url
  sim = await stripeOf(opened.app)
  page = await opened.page()
  await opened.enter(page, await opened.user('SUPER_ADMIN'))
}, 120_000)
afterAll(async () => {
  await sim?.close()
  await opened?.close()
})

it('a provider is added, a customer leaves a card on its page, is charged, and gets a part back; a part is credited, and the rest is disputed', async () => {
  const { app } = opened
  const tenantId = await app.tenant()
  const { slug } = (await app.admin.get<{ slug: string }>(`/api/admin/tenants/${tenantId}`)).body
  const order = await prepareOrder(app.admin, tenantId, { kind: 'ct' })
  const { subscription } = (await app.admin.post<Ordered>('/api/admin/billing/subscriptions', order)).body

  await page.goto(`/t/${slug}/payment-providers`)
  await page.getByRole('button', { name: 'New provider' }).click()
  const adding = page.getByRole('dialog', { name: 'New payment provider' })
  await adding.getByLabel('Secret key').fill(sim.key)
  await adding.getByRole('button', { name: 'Test the connection' }).click()
  await adding.getByText('The key works.').waitFor()
  await adding.getByRole('button', { name: 'Use this provider' }).click()
  await page.getByText('Add this address as an endpoint').waitFor()
  await page.getByLabel('New webhook secret').fill(HOOK_SECRET)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Nothing: the secret stays.').waitFor()
  const { items } = (
    await app.admin.get<{ items: BillingProvider[] }>(`/api/admin/billing/providers?tenantId=${tenantId}`)
  ).body
  const own = items.find((one) => one.tenantId === tenantId)
  sim.webhooks.endpoints = [{ url: own?.webhookUrl ?? '', secret: HOOK_SECRET }]
  sim.webhooks.release()

  await page.goto(`/t/${slug}/customers/${order.customerId}?tab=payment`)
  await page.getByRole('button', { name: 'Add a method' }).click()
  await page.getByLabel('Card number').fill('4242 4242 4242 4242')
  await page.getByRole('button', { name: 'Save card' }).click()
  await page.waitForURL(/tab=payment/)
  await page.getByText('Visa •••• 4242').waitFor()

  await page.goto(`/t/${slug}/subscriptions/${subscription.id}`)
  await page.getByRole('link', { name: 'INV-000001' }).click()
  const payments = page.getByRole('main')
  await payments.getByRole('button', { name: 'Charge the payment method' }).click()
  await payments.getByRole('region', { name: 'Attempts' }).getByText('Succeeded').waitFor()
  await payments.getByRole('button', { name: 'Refund' }).click()
  await payments.getByLabel(/^Amount/).fill('1.00')
  await payments.getByLabel('Reason').fill('A good turn.')
  await payments.getByRole('button', { name: 'Give back' }).click()
  await payments.getByText('given back: A good turn.').waitFor()
  await payments.getByRole('region', { name: 'Payments' }).getByText('Succeeded').waitFor()
  expect([...sim.world.refunds.values()].map(({ amount }) => amount)).toEqual([100])

  // What a credit note comes to is shown before it is issued; then it is a document beside its invoice.
  await payments.getByRole('button', { name: 'Issue a credit note' }).click()
  await payments.getByLabel(/^Amount/).fill('0.50')
  await payments.getByRole('button', { name: 'Show what it comes to' }).click()
  await payments.getByLabel('Reason').fill('An outage.')
  await payments.getByRole('button', { name: 'Credit €0.50' }).click()
  await payments.getByRole('list', { name: 'Credit notes' }).getByText('An outage.').waitFor()
  for (const name of ['Invoice as PDF', 'CN-000001 as PDF']) {
    const saved = page.waitForEvent('download')
    await payments.getByRole('button', { name }).click()
    expect((await saved).suggestedFilename()).toMatch(/-000001\.pdf$/)
  }

  sim.dispute([...sim.world.intents.keys()][0] ?? '')
  await payments.getByText('disputed: Fraudulent').waitFor()
  await page.goto(`/t/${slug}/disputes`)
  await page.getByText('and €15.00 fee').waitFor()
})

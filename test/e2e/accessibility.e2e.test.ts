import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page as ListPage } from '../../shared/api/common.ts'
import { pay, prepareOrder, type Ordered } from '../support/api.ts'
import { until } from '../support/app.ts'
import { logIn, openApp, type OpenApp } from './browser.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const THEMES = ['light', 'dark'] as const
const WIDTHS = [1440, 390]

let opened: OpenApp
let pages: string[]
beforeAll(async () => {
  opened = await openApp()
  pages = await everyAddress()
}, 120_000)
afterAll(() => opened?.close())

describe.each(THEMES)('in the %s theme', (theme) => {
  it.each(WIDTHS)(
    'every page at %i px is free of accessibility faults, policy violations and sideways scrolling',
    async (width) => {
      const page = await opened.page({ viewport: { width, height: 900 } })
      await page.addInitScript(`
        localStorage.setItem('mpanel-theme', '${theme}')
        window.violations = []
        document.addEventListener('securitypolicyviolation', (event) =>
          window.violations.push(event.violatedDirective + ' ' + event.blockedURI))`)
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(`${page.url()} threw ${error.message}`))
      await page.goto('/login')
      await page.getByRole('heading', { level: 1 }).waitFor()
      faults.push(...(await faultsOf(page, '/login')))
      await logIn(page, await opened.user('SUPER_ADMIN'))
      for (const path of pages) {
        await page.goto(path)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await page.waitForLoadState('load')
        await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
        faults.push(...(await faultsOf(page, path)))
      }
      await page.context().close()
      expect(faults).toEqual([])
    },
    180_000,
  )
})

async function faultsOf(page: Page, path: string): Promise<string[]> {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { runOnly: ${JSON.stringify(RULES)} })`,
  )
  const refused = await page.evaluate<string[]>('window.violations')
  const sideways = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  return [
    ...violations.map(({ id, nodes }) => `${path}: ${id} at ${nodes.map(({ html }) => html).join(' ')}`),
    ...refused.map((violation) => `${path}: the policy refused ${violation}`),
    ...(sideways > 0 ? [`${path}: is ${sideways} px wider than the screen`] : []),
  ]
}

/** One address of every route, with things to show on it. */
async function everyAddress(): Promise<string[]> {
  const { admin } = opened.app
  const tenantId = await opened.app.tenant()
  const order = await prepareOrder(admin, tenantId)
  const { body } = await admin.post<Ordered>('/api/admin/billing/subscriptions', order)
  await pay(admin, body.invoice)
  const subscription = `/api/admin/billing/subscriptions/${body.subscription.id}`
  const active = await until(async () => {
    const now = await admin.get<Ordered['subscription']>(subscription)
    return now.body.state === 'active' && now.body
  }, 'the subscription to become active')
  const closing = await opened.app.tenant()
  const { name } = (await admin.get<{ name: string }>(`/api/admin/tenants/${closing}`)).body
  await admin.post(`/api/admin/tenants/${closing}/close`, { name, reason: 'the contract has ended' })
  await admin.post(`/api/admin/tenants/${tenantId}/export`, {})
  const jobs = await admin.get<ListPage<{ id: string }>>('/api/admin/provisioning/jobs?queue=cloud_pod')
  return [
    'subscriptions',
    'subscriptions/new',
    `subscriptions/new?customer=${active.customer.id}`,
    `subscriptions/${active.id}`,
    `subscriptions/${active.id}?tab=jobs`,
    `subscriptions/${active.id}?tab=timeline`,
    'cloudpods',
    'cloudpods?q=nothing-is-called-so',
    'cloudpods/new',
    `cloudpods/${active.pod?.id}`,
    `cloudpods/${active.pod?.id}?tab=timeline`,
    'customers',
    'customers/new',
    'customers/settings',
    `customers/${active.customer.id}`,
    `customers/${active.customer.id}?tab=contacts`,
    `customers/${active.customer.id}?tab=notes`,
    `customers/${active.customer.id}?tab=subscriptions`,
    `customers/${active.customer.id}?tab=timeline`,
    `customers/${active.customer.id}/edit`,
    'plans',
    'plans/new',
    'jobs',
    `jobs/${jobs.body.items[0]?.id}`,
    'clusters',
    'clusters/new',
    'ip-pools',
    'ip-pools/new',
    'blueprints',
    'blueprints/new',
    'tenants',
    'tenants/new',
    `tenants/${tenantId}`,
    `tenants/${tenantId}?tab=settings`,
    `tenants/${tenantId}?tab=quotas`,
    `tenants/${tenantId}?tab=export`,
    `tenants/${tenantId}?tab=close`,
    `tenants/${closing}?tab=close`,
    'tenants?state=closing',
    'tenants/settings',
    'audit',
    'account/security',
    'account/sessions',
    'account/log-ins',
    'there-is-no-such-page',
  ].map((path) => `/t/all/${path}`)
}
